"""What is read of clips and may be told right or wrong."""

from typing import Protocol

import numpy as np


class Task(Protocol):
    """What is read of some rows of features."""

    @property
    def targets(self) -> np.ndarray:
        """What is fitted to, float64 [rows, outputs]."""

    @property
    def chance(self) -> float:
        """Accuracy of answers at random, each as likely as any other."""

    def right(self, predictions: np.ndarray) -> np.ndarray:
        """Whether each clip is told right: float64 [S, clips].

        Args:
            predictions: less the mean target of the rows that the probe was fitted to, float64
                [S, rows, outputs].
        """

    def dealt(self, random: np.random.Generator) -> "Task":
        """Return the same with labels dealt out at random."""
