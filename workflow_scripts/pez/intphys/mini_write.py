"""Film a generated scene, splice its impossible movies, and write all four in the public layout."""

import json
import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image

from pez.intphys.layout import frame_path, write_status
from pez.intphys.mini_plan import Plan, Take, plan_scene
from pez.intphys.mini_render import StageRenderer
from pez.intphys.mini_scene import panel_lift
from pez.intphys.spec import BLOCKS, MiniSpec
from pez.runtime.progress import progress

PACKAGES = ("bpy", "kubric-nightly", "pybullet")
_ORDER = 1_000_000  # in the seed of the movies' order, where attempts at a scene have their number


def film_scene(spec: MiniSpec, block: str, scene: int, threads: int) -> tuple[Plan, np.ndarray]:
    """Render the possible movies A and B of a scene, uint8 [2, T, H, W, 3].

    At the frame of change and the one before, both must show the empty stage, to the last pixel: a
    scene in which they do not is drawn again.

    Raises:
        PezError: no attempt succeeds (see `plan_scene`).
    """
    attempt = 0
    while True:
        plan = plan_scene(spec, block, scene, attempt)
        lift = panel_lift(spec.frames)
        with StageRenderer(spec, plan.scene, threads) as stage:
            movies = np.stack([_film(stage, plan, take, lift) for take in plan.takes])
            around = [plan.change - 1, plan.change]
            empty = np.stack([stage.empty(float(lift[frame])) for frame in around])
        if np.array_equal(movies[:, around], np.stack([empty, empty])):
            return plan, movies
        attempt = plan.attempt + 1


def _film(stage: StageRenderer, plan: Plan, take: Take | None, lift: np.ndarray) -> np.ndarray:
    frames = []
    for frame, height in enumerate(lift.tolist()):
        if take is None or take.hidden[frame]:
            frames.append(stage.empty(height))
        else:
            actor = plan.scene.play.index(take.actor)
            frames.append(stage.frame(actor, take.position_m[frame], height))
    return np.stack(frames)


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
    """
    plan, filmed = film_scene(spec, block, scene, threads)
    movies = splice(filmed, plan.change)
    order = np.random.default_rng([spec.seed, list(BLOCKS).index(block), scene, _ORDER])
    places = order.permutation(len(movies))
    folder = Path(folder)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    for number, place in enumerate(progress(places.tolist(), f"{block} {scene:02d}", unit="movie")):
        movie = partial / str(number + 1)
        _write_frames(movie, movies[place])
        write_status(movie, possible=place < len(filmed))
    (partial / "provenance.json").write_text(
        json.dumps(_provenance(spec, plan, scene, places.tolist()), indent=2) + "\n"
    )
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def _write_frames(movie: Path, frames: np.ndarray) -> None:
    (movie / "scene").mkdir(parents=True)
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(frame_path(movie, number), compress_level=3)


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
