"""What probes are fitted to, and what their predictions lose: of some clips, a score follows.

The score of clips is 1 less the sum of their losses over the sum of their totals: R2 of squared
errors, or the share of matched pairs in which the possible movie is told from the impossible one.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pez.inside.ablation.readings import PLACE, PLAUSIBILITY
from pez.recipes.targets import target_values

Array = NDArray[np.float64]
_START = ["start_x_m", "start_y_m"]
_TIE = 1e-9  # two predictions that are closer than this are of movies that look alike


@dataclass(frozen=True)
class Goal:
    """What is read of the clips.

    Attributes:
        targets: float64 [n, outputs].
        pair: number of every movie's matched pair, int64 [n]; None where targets are measured.
    """

    targets: Array
    pair: NDArray[np.int64] | None = None

    def losses(self, predictions: Array) -> Array:
        """Loss of every clip, [n], mean over probes: of predictions [probes, n, outputs]."""
        if self.pair is None:
            found: Array = ((predictions - self.targets) ** 2).sum(axis=2).mean(axis=0)
            return found
        sign = np.where(self.targets[:, 0] == 1, 1.0, -1.0)
        lead = sign * predictions[..., 0] @ np.equal.outer(self.pair, np.unique(self.pair))
        lost = np.where(np.abs(lead) < _TIE, 0.5, lead < 0).mean(axis=0)
        return np.asarray(lost[self.pair])

    def totals(self) -> Array:
        """What every clip counts, [n]: its squared distance from the mean target, or 1."""
        if self.pair is not None:
            return np.ones(len(self.targets))
        total: Array = ((self.targets - self.targets.mean(axis=0)) ** 2).sum(axis=1)
        return total


def goal_of(task: str, labels: pd.DataFrame) -> Goal:
    """What ``task`` asks of the clips with ``labels``.

    Args:
        task: `PLACE`, `PLAUSIBILITY`, or direction (sine and cosine).
        labels: one row per clip; of movies with ``condition``, the number of their scene.
    """
    if task == PLACE:
        return Goal(labels[_START].to_numpy(float))
    if task == PLAUSIBILITY:
        pair = np.unique(labels[["condition", "pair"]], axis=0, return_inverse=True)[1]
        return Goal(labels[["possible"]].to_numpy(float), pair.reshape(-1))
    return Goal(target_values(labels, "direction_sincos"))
