"""What a batch of gradient-descent fits is asked for, and what it returns."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Fits:
    """What to fit: arrays [layers, fits].

    Attributes:
        split: index of the split.
        learning_rate: of Adam.
        weight_decay: see `GradientSolver.method`.
        snapshot: step whose predictions are wanted beside those of the best step; 0 for none.
    """

    split: np.ndarray
    learning_rate: np.ndarray
    weight_decay: np.ndarray
    snapshot: np.ndarray

    def part(self, fits: slice) -> "Fits":
        """Return the fits numbered ``fits`` of every layer."""
        return Fits(
            self.split[:, fits],
            self.learning_rate[:, fits],
            self.weight_decay[:, fits],
            self.snapshot[:, fits],
        )


@dataclass(frozen=True)
class Outcome:
    """What came of the fits; predictions are normalised, float32 [layers, fits, outputs, n].

    Attributes:
        steps: int64 [layers, fits], the step with the lowest held-out loss (0 if not watched, or
            if the loss was never a number: then ``best`` is the probe at its start).
        best: predictions for all rows after that step.
        snapshot: predictions for all rows after step `Fits.snapshot`.
    """

    steps: np.ndarray
    best: np.ndarray
    snapshot: np.ndarray
