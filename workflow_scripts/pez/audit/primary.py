"""Curves of the primary cell, with all that the claims are judged by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pez.inside.heads.costs import Costs

# Names of the variables whose curves the primary cell holds: what is read out, ...
VARIABLES = (
    "direction",
    "speed",
    "acceleration",
    "velocity_xy",
    "acceleration_xy",
    "plausibility",
)
# ... and direction read otherwise: with position, displacement and time in view partialled out, and
# fitted on the clips that start in one half of the frame, applied to those of the other.
PARTIAL, TRANSFER = "direction_partial", "direction_transfer"


@dataclass(frozen=True)
class Curve:
    """Scores of one variable on one network, at states 0 .. L.

    Attributes:
        scores: pooled over the out-of-fold predictions of all clips, float64 [S].
        draws: the same under bootstrap weights of conditions and clips; draw b has the same
            weights in every curve of a dataset, float64 [B, S].
        folds: score of each fold's own held-out clips; NaN where the target is constant there,
            float64 [folds, S].
        permuted: scores with targets dealt out at random, picked in the same way; None where that
            was not measured, float64 [P, S].
    """

    scores: np.ndarray
    draws: np.ndarray
    folds: np.ndarray
    permuted: np.ndarray | None = None


Curves = Mapping[str, Curve]  # by variable


@dataclass(frozen=True)
class PrimaryEvidence:
    """The primary cell of one model.

    Attributes:
        model: its name.
        trained: curves of the model, by variable; a variable may be missing.
        controls: curves of what replaces the model, by control and then by seed; ``untrained``
            has one entry for each seed.
        heads: what the loss of heads costs direction; None where that was not measured.
    """

    model: str
    trained: Curves
    controls: Mapping[str, Sequence[Curves]]
    heads: Costs | None = None

    @property
    def untrained(self) -> Sequence[Curves]:
        """Curves of the untrained networks, one entry a seed."""
        return self.controls.get("untrained", ())

    @property
    def blocks(self) -> int:
        """Number of blocks L of the model."""
        return len(next(iter(self.trained.values())).scores) - 1
