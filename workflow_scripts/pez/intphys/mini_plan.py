"""What movies A and B of a scene show at each frame, and where one may change to the other."""

from dataclasses import dataclass

import numpy as np

from pez.intphys.mini_physics import simulate
from pez.intphys.mini_scene import Actor, MiniScene, draw_scene, panel_lift, scene_generator
from pez.intphys.mini_view import hidden, seen
from pez.intphys.spec import MiniSpec
from pez.runtime.errors import PezError

ATTEMPTS = 200  # at a scene; at the default settings one in two or three will do
SEEN_FRAMES = 2  # at least, of every passage, before the change and after it


@dataclass(frozen=True)
class Take:
    """One actor's passage: centres [T, 3] in metres, and masks [T] of frames.

    ``hidden``: nothing of it or its shadow in the picture; ``seen``: its middle in the picture.
    """

    actor: Actor
    position_m: np.ndarray
    hidden: np.ndarray
    seen: np.ndarray


@dataclass(frozen=True)
class Plan:
    """A scene whose change stays hidden. ``change``: the first frame of the other movie."""

    attempt: int
    scene: MiniScene
    takes: tuple[Take | None, Take | None]
    change: int


def plan_scene(spec: MiniSpec, block: str, scene: int, first_attempt: int = 0) -> Plan:
    """Draw scene ``scene`` of ``block`` again and again until both passages can be changed.

    Raises:
        PezError: no attempt from ``first_attempt`` on did; the movies have too few frames.
    """
    for attempt in range(first_attempt, ATTEMPTS):
        random = scene_generator(spec.seed, block, scene, attempt)
        drawn = draw_scene(spec, block, random)
        takes = _takes(spec, drawn)
        changes = possible_changes(spec.frames, takes)
        if len(changes):
            return Plan(attempt, drawn, takes, int(random.choice(changes)))
    raise PezError(
        f"scene {scene} of {block}: in {ATTEMPTS} attempts the object was never hidden for two "
        f"frames and seen before and after. Raise frames (now {spec.frames}) or "
        f"resolution of the dataset (now {spec.resolution})."
    )


def possible_changes(frames: int, takes: tuple[Take | None, Take | None]) -> np.ndarray:
    """Frames t for a change: both takes hidden at t - 1 and t, and seen before and after."""
    good = np.zeros(frames, bool)
    good[1:] = True
    for take in takes:
        if take is not None:
            so_far = np.cumsum(take.seen)
            good[1:] &= take.hidden[:-1] & take.hidden[1:]
            good &= (so_far >= SEEN_FRAMES) & (so_far[-1] - so_far >= SEEN_FRAMES)
    return np.flatnonzero(good)


def _takes(spec: MiniSpec, drawn: MiniScene) -> tuple[Take | None, Take | None]:
    one, two = (
        None if actor is None or positions is None else _take(spec, drawn, actor, positions)
        for actor, positions in zip(drawn.actors, simulate(spec, drawn), strict=True)
    )
    return one, two


def _take(spec: MiniSpec, drawn: MiniScene, actor: Actor, positions: np.ndarray) -> Take:
    moments = list(zip(positions, panel_lift(spec.frames), strict=True))
    is_hidden = [hidden(drawn, spec.resolution, actor, place, lift) for place, lift in moments]
    is_seen = [seen(drawn, spec.resolution, place, lift) for place, lift in moments]
    return Take(actor, positions, np.array(is_hidden), np.array(is_seen))
