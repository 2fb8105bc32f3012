"""What is asked of a clip of several objects, and of numbers of objects alone.

Classes of unlike size count the same: an answer that is right weighs as much more as its class is
smaller, so that chance is the same whatever the sizes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

COUNT, KINDS, MOVING, COLLISION = "count", "kinds", "moving", "collision"


@dataclass(frozen=True)
class Classes:
    """To which of some classes a clip belongs; the answer is the largest prediction.

    Attributes:
        own: classes of the clips, int64 [n], each from 0 up to the last one held by some clip.
    """

    own: np.ndarray

    @property
    def _sizes(self) -> np.ndarray:
        return np.bincount(self.own)

    @property
    def targets(self) -> np.ndarray:
        """See `pez.inside.tasks.task.Task`: 1 for the clip's class, 0 for others."""
        return np.eye(len(self._sizes))[self.own]

    @property
    def chance(self) -> float:
        """See `Task`."""
        return 1 / len(self._sizes)

    def right(self, predictions: np.ndarray) -> np.ndarray:
        """See `Task`; 1 in the mean over the clips where all are told right."""
        weight = len(self.own) / (len(self._sizes) * self._sizes[self.own])
        return (predictions.argmax(axis=2) == self.own) * weight

    def dealt(self, random: np.random.Generator) -> "Classes":
        """See `Task`."""
        return replace(self, own=random.permutation(self.own))


@dataclass(frozen=True)
class Marks:
    """Which of some marks a clip bears; the answer is the sign of each prediction.

    Attributes:
        own: whether a clip bears a mark, bool [n, marks]; each is borne by some and not by others.
    """

    own: np.ndarray

    @property
    def targets(self) -> np.ndarray:
        """See `pez.inside.tasks.task.Task`: 1 for a mark that is borne, 0 for others."""
        return self.own.astype(np.float64)

    @property
    def chance(self) -> float:
        """See `Task`."""
        return 0.5

    def right(self, predictions: np.ndarray) -> np.ndarray:
        """See `Task`: mean over marks, 1 in the mean over the clips where all are told right."""
        share = self.own.mean(axis=0)
        weight = 0.5 / np.where(self.own, share, 1 - share)
        return (((predictions > 0) == self.own) * weight).mean(axis=2)

    def dealt(self, random: np.random.Generator) -> "Marks":
        """See `Task`: all marks of a clip together."""
        return replace(self, own=self.own[random.permutation(len(self.own))])


def scene_tasks(labels: pd.DataFrame, objects: pd.DataFrame) -> dict[str, Classes | Marks]:
    """Tasks of the clips, by name; one that all clips answer alike is left out.

    Args:
        labels: columns ``clip_id``, ``objects``, ``moving`` and ``collided``, a row per clip.
        objects: columns ``clip_id`` and ``kind``, of the same clips.
    """
    held = pd.crosstab(objects["clip_id"], objects["kind"]).reindex(labels["clip_id"]) > 0
    kinds = held.to_numpy()[:, (held.any() & ~held.all()).to_numpy()]
    tasks: dict[str, Classes | Marks] = {
        COUNT: Classes(_numbered(labels["objects"])),
        KINDS: Marks(kinds),
        MOVING: Classes(_numbered(labels["moving"])),
        COLLISION: Marks(labels[["collided"]].to_numpy(bool)),
    }
    return {name: task for name, task in tasks.items() if _differs(task)}


def numbers_of_objects(labels: pd.DataFrame, tasks: Mapping[str, object]) -> dict[str, np.ndarray]:
    """What the numbers of objects say of every task but the number itself.

    Returns:
        By task, float32 [n, k]: 1 for the clip's number of objects, and for a collision also 1 for
        how many of them move, 0 for other numbers.
    """
    numbers = (_numbered(labels[name]) for name in ("objects", "moving"))
    count, moving = (np.eye(one.max() + 1, dtype=np.float32)[one] for one in numbers)
    both = np.concatenate([count, moving], axis=1)
    return {name: both if name == COLLISION else count for name in tasks if name != COUNT}


def _numbered(values: pd.Series) -> np.ndarray:
    return np.unique(values.to_numpy(), return_inverse=True)[1].astype(np.int64)


def _differs(task: Classes | Marks) -> bool:
    if isinstance(task, Marks):
        share = task.own.mean(axis=0)
        return bool(task.own.shape[1] and ((share > 0) & (share < 1)).all())
    return len(set(task.own)) > 1
