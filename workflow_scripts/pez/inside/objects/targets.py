"""What is asked of each clip and kind: an object's velocity, another's, and the scene's motion."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

VELOCITY, DIRECTION = "velocity", "direction"  # targets
OWN, OTHER = "own", "other"  # whose
ALL, UNDER = "all", "under"  # tokens: all of a clip, or those under the object
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """One target of one kind.

    Attributes:
        kind: of object.
        target: `VELOCITY` (vx, vy in the picture, pixels a frame) or `DIRECTION` (sine, cosine).
        whose: `OWN`: of the object of that kind; `OTHER`: of another one in the same clip.
        rows: clips that it is asked of, numbers int64 [n].
        objects: those of that kind in them, rows of `object_velocities`, int64 [n].
        values: float64 [n, 2].
    """

    kind: str
    target: str
    whose: str
    rows: NDArray[np.int64]
    objects: NDArray[np.int64]
    values: Array


def in_order(objects: pd.DataFrame, clip_ids: Sequence[str]) -> pd.DataFrame:
    """Rows of ``objects`` by ``clip`` (its number among ``clip_ids``), object and frame."""
    number = {clip: place for place, clip in enumerate(clip_ids)}
    known = objects.assign(clip=objects["clip_id"].map(number))
    return known.sort_values(["clip", "object", "frame"])


def object_velocities(objects: pd.DataFrame, clip_ids: Sequence[str], moment: str) -> pd.DataFrame:
    """Velocity of every object in the picture, over a clip.

    Args:
        objects: columns ``clip_id``, ``object``, ``frame``, ``kind``, ``vx_px`` and ``vy_px``.
        clip_ids: of the clips, in order.
        moment: ``mean`` over the frames, or the ``last``.

    Returns:
        Columns ``clip`` (number), ``object``, ``kind``, ``vx``, ``vy``, as `in_order` has them.
    """
    known = in_order(objects, clip_ids)
    grouped = known.groupby(["clip", "object", "kind"], sort=False)[["vx_px", "vy_px"]]
    found = (grouped.mean() if moment == "mean" else grouped.last()).reset_index()
    return found.rename(columns={"vx_px": "vx", "vy_px": "vy"})


def scene_motion(velocities: pd.DataFrame, clips: int, at_rest_px: float) -> Array:
    """What says how much moves in a clip, and where to, but not which object: float64 [clips, 6].

    The sum of all velocities, their mean over all objects, and over those that move. With the mean
    alone, whatever tells the number of objects would look like more than the scene's motion.
    """
    clip, both = velocities["clip"].to_numpy(), velocities[["vx", "vy"]].to_numpy(float)
    moving = (np.hypot(both[:, 0], both[:, 1]) > at_rest_px).astype(float)
    total, of_moving = np.zeros((clips, 2)), np.zeros((clips, 2))
    np.add.at(total, clip, both)
    np.add.at(of_moving, clip, both * moving[:, None])
    count = np.maximum(np.bincount(clip, minlength=clips), 1)[:, None]
    moved = np.maximum(np.bincount(clip, weights=moving, minlength=clips), 1)[:, None]
    return np.concatenate([total, total / count, of_moving / moved], axis=1)


def questions(velocities: pd.DataFrame, at_rest_px: float, fewest: int) -> Iterator[Question]:
    """Yield what is asked, for every kind that enough clips hold.

    The other object is the next in the clip, whose order is random; for direction the next that
    moves. Each is asked of clips where it has an answer: an object's direction where it moves, and
    another's where another does. So if features tell of the scene's motion alone, both are read
    equally well.

    Args:
        velocities: as `object_velocities` returns them.
        at_rest_px: what is slower is at rest.
        fewest: clips that a question needs.
    """
    clip, kind = velocities["clip"].to_numpy(), velocities["kind"].to_numpy()
    both = velocities[["vx", "vy"]].to_numpy(float)
    speed = np.hypot(both[:, 0], both[:, 1])
    moving = speed > at_rest_px
    direction = both[:, ::-1] * (1 / np.where(speed > 0, speed, 1.0))[:, None]  # sine, cosine
    for target, values, answered in (
        (VELOCITY, both, np.ones(len(both), dtype=bool)),
        (DIRECTION, direction, moving),
    ):
        other = _next_in_clip(clip, answered)
        for name in np.unique(kind):
            held = np.flatnonzero(kind == name)
            own = held[answered[held]]
            beside = held[other[held] >= 0]
            if min(len(own), len(beside)) < fewest:
                continue
            yield Question(name, target, OWN, clip[own], own, values[own])
            yield Question(name, target, OTHER, clip[beside], beside, values[other[beside]])


def _next_in_clip(clip: NDArray[np.int64], answered: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The next other object of the same clip, in turn, that has an answer; -1 where none has."""
    found = np.full(len(clip), -1)
    for number in np.unique(clip):
        members = np.flatnonzero(clip == number)
        for place, member in enumerate(members):
            turn = np.roll(members, -place)[1:]
            able = turn[answered[turn]]
            if len(able):
                found[member] = able[0]
    return found
