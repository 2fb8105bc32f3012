"""Directions and speeds of the conditions of clips, and folds of whole conditions."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pez.inside.kinds.unit_tuning import Section
from pez.recipes.splits import group_k_fold
from pez.runtime.errors import ArtifactError

Variable = Literal["direction", "speed"]
VARIABLES: tuple[Variable, ...] = ("direction", "speed")
_STILL = 1e-6  # metres a second: less does not vary


@dataclass(frozen=True)
class Design:
    """What the conditions are; numbers of all of them follow that of the condition.

    Attributes:
        condition: of every clip, int64 [n].
        fold: of every condition, int64 [C].
        angle: direction of motion, float64 [C], radians.
        speed: float64 [C], metres a second.
        direction: number of the direction, int64 [C].
        magnitude: number of the speed, int64 [C].
    """

    condition: Tensor
    fold: Tensor
    angle: np.ndarray
    speed: np.ndarray
    direction: np.ndarray
    magnitude: np.ndarray

    @property
    def folds(self) -> int:
        """Number of folds."""
        return int(self.fold.max()) + 1

    def regressors(self, variable: Variable) -> np.ndarray:
        """Regressors, float64 [C, 2]: cosine and sine, or the speed and its square."""
        match variable:
            case "direction":
                return np.stack([np.cos(self.angle), np.sin(self.angle)], axis=1)
            case "speed":
                return np.stack([self.speed, self.speed**2], axis=1)

    def levels(self, variable: Variable) -> np.ndarray:
        """Number of the direction or speed, int64 [C]."""
        return {"direction": self.direction, "speed": self.magnitude}[variable]

    def permuted(self, variable: Variable, draws: np.random.Generator) -> np.ndarray:
        """Regressors of other conditions: directions within a speed, speeds within a direction.

        Clips of a condition stay together, and so do folds.
        """
        own = self.regressors(variable)
        within = {"direction": self.magnitude, "speed": self.direction}[variable]
        order = np.arange(len(own))
        for level in np.unique(within):
            there = np.flatnonzero(within == level)
            order[there] = draws.permutation(there)
        return own[order]


def design_of(spec: Section, labels: pd.DataFrame) -> Design:
    """Read the design off the ``labels`` of the chosen clips.

    Raises:
        ArtifactError: all balls have one speed at the start, or the labels lack one of the columns.
    """
    columns = ["direction_index", "magnitude_index", "direction_rad", "speed_m_s"]
    missing = [name for name in columns if name not in labels]
    if missing:
        raise ArtifactError(
            f"the labels of {spec.dataset} lack the column(s) {', '.join(missing)}: delete them "
            "and run again."
        )
    if labels["speed_m_s"].std() < _STILL:
        raise ArtifactError(
            f"all balls of {spec.dataset} have one speed: tuning is measured on a dataset of "
            "balls with motion: velocity and several magnitudes."
        )
    condition = np.unique(labels["condition"], return_inverse=True)[1].reshape(-1)
    first = labels.iloc[np.unique(condition, return_index=True)[1]]
    fold = np.zeros(len(first), np.int64)
    rows = np.arange(len(first))
    for number, split in enumerate(group_k_fold(rows, rows, spec.folds, spec.fold_seed)):
        fold[split.held_out] = number
    return Design(
        condition=torch.from_numpy(condition),
        fold=torch.from_numpy(fold),
        angle=first["direction_rad"].to_numpy(np.float64),
        speed=labels.groupby("condition")["speed_m_s"].mean().to_numpy(np.float64),
        direction=np.unique(first["direction_index"], return_inverse=True)[1].reshape(-1),
        magnitude=np.unique(first["magnitude_index"], return_inverse=True)[1].reshape(-1),
    )
