"""Film a generated scene, splice its impossible movies, and write all four in the public layout."""

import io
import json
import logging
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image

from pez.intphys.layout import frame_path, write_status
from pez.intphys.mini_plan import SEEN_FRAMES, Plan, Take, plan_scene
from pez.intphys.mini_render import StageRenderer
from pez.intphys.mini_scene import panel_lift
from pez.intphys.spec import BLOCKS, MiniSpec
from pez.runtime.atomic import atomic_folder
from pez.runtime.progress import progress

logger = logging.getLogger(__name__)

PACKAGES = ("bpy", "kubric-nightly", "pybullet")
_ORDER = 1_000_000  # in the seed of the movies' order, where attempts at a scene have their number


def film_scene(spec: MiniSpec, block: str, scene: int, threads: int) -> tuple[Plan, np.ndarray]:
    """Render the possible movies A and B of a scene, uint8 [2, T, H, W, 3].

    The plan is made from geometry, and its word is not taken for it: every frame is rendered, and
    at the frame of change and the one before, both movies must show the empty stage, to the last
    pixel. They must differ from each other before and after. A scene in which they do not is drawn
    again.

    Raises:
        PezError: no attempt succeeds (see `plan_scene`).
    """
    attempt = 0
    while True:
        plan = plan_scene(spec, block, scene, attempt)
        lift = panel_lift(spec.frames)
        with StageRenderer(spec, plan.scene, threads) as stage:
            empty = np.stack([stage.empty(height) for height in lift.tolist()])
            movies = np.stack([_film(stage, plan, take, empty, lift) for take in plan.takes])
        if change_is_hidden(movies, empty, plan.change):
            return plan, movies
        logger.info("%s, scene %d: its pictures refute attempt %d", block, scene, plan.attempt)
        attempt = plan.attempt + 1


def change_is_hidden(movies: np.ndarray, empty: np.ndarray, change: int) -> bool:
    """Tell from their pictures whether A may become B at frame ``change``, and B become A.

    Args:
        movies: frames of A and B, uint8 [2, T, H, W, 3].
        empty: the same moments of the stage without any object, [T, H, W, 3].
        change: first frame of the other movie.
    """
    around = slice(change - 1, change + 1)
    if any(not np.array_equal(movie[around], empty[around]) for movie in movies):
        return False
    differs = (movies[0] != movies[1]).any(axis=(1, 2, 3))
    return bool(min(differs[:change].sum(), differs[change:].sum()) >= SEEN_FRAMES)


def _film(
    stage: StageRenderer, plan: Plan, take: Take | None, empty: np.ndarray, lift: np.ndarray
) -> np.ndarray:
    if take is None:
        return empty
    actor = plan.scene.play.index(take.actor)
    moments = zip(take.position_m, lift.tolist(), strict=True)
    return np.stack([stage.frame(actor, position, height) for position, height in moments])


def splice(movies: np.ndarray, change: int) -> np.ndarray:
    """Four movies [4, T, ...] from two [2, T, ...]: A, B, A then B, B then A from ``change`` on."""
    swapped = movies.copy()
    swapped[:, change:] = movies[::-1, change:]
    return np.concatenate([movies, swapped])


def write_scene(
    spec: MiniSpec, block: str, scene: int, folder: Path | str, threads: int = 1
) -> None:
    """Make scene ``scene`` of ``block`` and write it to ``folder``, which appears when whole.

    The movies stand in a random order. Beside them, ``provenance.json`` says how they were made.

    Raises:
        PezError: the scene cannot be drawn with these settings.
        ArtifactError: the disk is full.
    """
    plan, filmed = film_scene(spec, block, scene, threads)
    pictures = np.array([[_png(frame) for frame in movie] for movie in filmed], dtype=object)
    movies = splice(pictures, plan.change)
    order = np.random.default_rng([spec.seed, list(BLOCKS).index(block), scene, _ORDER])
    places = order.permutation(len(movies)).tolist()
    with atomic_folder(folder) as partial:
        bar = progress(places, f"{block} {scene:02d}", unit="movie")
        for number, place in enumerate(bar, start=1):
            movie = partial / str(number)
            frame_path(movie, 0).parent.mkdir(parents=True)
            for frame, picture in enumerate(movies[place]):
                frame_path(movie, frame).write_bytes(picture)
            write_status(movie, possible=place < len(filmed))
        provenance = json.dumps(_provenance(spec, plan, scene, places), indent=2)
        (partial / "provenance.json").write_text(provenance + "\n")


def _png(frame: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(frame).save(file, format="PNG", compress_level=3)
    return file.getvalue()


def _provenance(spec: MiniSpec, plan: Plan, scene: int, places: Sequence[int]) -> dict[str, object]:
    """What a scene was made of, JSON-able."""
    return {
        "block": plan.scene.block,
        "scene": scene,
        "spec": spec.model_dump(mode="json"),
        "attempt": plan.attempt,
        "change_frame": plan.change,
        "movies": [("A", "B", "A then B", "B then A")[place] for place in places],
        "shapes": [None if take is None else take.actor.shape for take in plan.takes],
        "versions": {package: version(package) for package in PACKAGES},
    }
