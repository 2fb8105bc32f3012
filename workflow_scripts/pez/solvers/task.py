"""What a probe is fitted to, without its features, and what came of picking a configuration."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import logsumexp

from pez.recipes.spec import (
    AnySolver,
    GradientSolver,
    Normalisation,
    Plausibility,
    Selection,
    SelectionMetric,
)
from pez.recipes.splits import Split
from pez.scores.plausibility import best_configuration
from pez.solvers.losses import (
    BinaryCrossEntropy,
    Loss,
    SoftmaxCrossEntropy,
    SquaredError,
    StoppedByAccuracy,
    StoppedByAccuracyHalfPossible,
)


@dataclass(frozen=True)
class Task:
    """A regression probe without its features.

    Attributes:
        targets: float64 [n, outputs], raw units.
        outer: the reported folds.
        inner: for each of them the split that nested selection picks on; empty without it.
        selections: which ways of picking are wanted.
        normalisation: of features and targets, on training rows.
        solver: solver and its grid.
        memory: bytes that one batch of fits may take.
    """

    targets: np.ndarray
    outer: Sequence[Split]
    inner: Sequence[Split]
    selections: tuple[Selection, ...]
    normalisation: Normalisation
    solver: AnySolver
    memory: int

    @property
    def loss(self) -> type[Loss]:
        """What gradient descent minimises, and the held-out score it waits for."""
        return SquaredError

    @property
    def target_normalisation(self) -> Normalisation:
        """How targets are normalised; where they are not, a bias has something to learn."""
        return self.normalisation

    def pick(self, predictions: np.ndarray, splits: Sequence[Split]) -> np.ndarray:
        """Configuration that does best on the held-out rows: int64 [layers, splits].

        R2 decides. Within one set of rows the highest R2 is the least squared error, which is what
        is compared: it is a number even where the target is constant and R2 is not. Ties go to the
        first; predictions that are not finite lose.

        Args:
            predictions: [layers, splits, configurations, n, outputs], in the unit of the targets.
            splits: rows held out.
        """
        chosen = []
        for index, split in enumerate(splits):
            errors = predictions[:, index][:, :, split.held_out] - self.targets[split.held_out]
            total = (errors**2).sum(axis=(2, 3))
            chosen.append(np.where(np.isfinite(total), total, np.inf).argmin(axis=1))
        return np.stack(chosen, axis=1)

    def settle(self, predictions: np.ndarray, features: torch.Tensor) -> np.ndarray:
        """Predictions [layers, ..., n, outputs] for ``features`` [layers, n, D], final."""
        return predictions


@dataclass(frozen=True)
class ClassificationTask(Task):
    """A probe that tells classes apart.

    ``targets`` [n, classes] are 1 for a clip's own class and 0 for the others. Gradient solvers
    predict logits, with a cross-entropy; ridge regresses on the targets, with a squared error. The
    highest output is the answer, and the least loss on the held-out rows picks.
    """

    @property
    def loss(self) -> type[Loss]:
        """See `Task.loss`."""
        return SoftmaxCrossEntropy

    @property
    def target_normalisation(self) -> Normalisation:
        """None, so that the bias is trained under every normalisation of the features."""
        return "none"

    def pick(self, predictions: np.ndarray, splits: Sequence[Split]) -> np.ndarray:
        """See `Task.pick`."""
        if not isinstance(self.solver, GradientSolver):
            return super().pick(predictions, splits)
        chosen = []
        for index, split in enumerate(splits):
            logits = predictions[:, index][:, :, split.held_out].astype(np.float64)
            own = (logits * self.targets[split.held_out]).sum(axis=3)
            total = (logsumexp(logits, axis=3) - own).sum(axis=2)
            chosen.append(np.where(np.isfinite(total), total, np.inf).argmin(axis=1))
        return np.stack(chosen, axis=1)


@dataclass(frozen=True)
class PlausibilityTask(Task):
    """A probe that tells possible movies from impossible ones; predictions are logits.

    ``targets`` [n, 1] are 1 and 0, as trained on and judged, and are not normalised.

    Attributes:
        scenes: scene of every movie, int64 [n].
        selected_by: metric that picks among configurations.
        half_counts_as: what a movie with a probability of exactly .5 is called.
    """

    scenes: np.ndarray
    selected_by: SelectionMetric
    half_counts_as: Plausibility = "impossible"

    @property
    def loss(self) -> type[Loss]:
        """See `Task.loss`."""
        if not isinstance(self.solver, GradientSolver) or self.solver.stopped_by == "loss":
            return BinaryCrossEntropy
        possible = self.half_counts_as == "possible"
        return StoppedByAccuracyHalfPossible if possible else StoppedByAccuracy

    @property
    def target_normalisation(self) -> Normalisation:
        """None, so that the bias is trained under every normalisation of the features."""
        return "none"

    def pick(self, predictions: np.ndarray, splits: Sequence[Split]) -> np.ndarray:
        """See `Task.pick` and `pez.scores.plausibility.best_configuration`."""
        return best_configuration(
            self.selected_by,
            predictions[..., 0],
            self.targets[:, 0],
            self.scenes,
            splits,
            self.half_counts_as,
        )

    def settle(self, predictions: np.ndarray, features: torch.Tensor) -> np.ndarray:
        """Give movies with the same features the same prediction, bit for bit.

        A matrix product may add up two equal columns in different orders, and ties between movies
        would be broken by rounding.
        """
        return np.stack(
            [
                of_layer[..., first_twins(values), :]
                for of_layer, values in zip(predictions, features.cpu().numpy(), strict=True)
            ]
        )


@dataclass(frozen=True)
class Choice:
    """What one way of picking chose, arrays [layers, folds].

    Attributes:
        configuration: index into the grid (learning rates x weight decays, or alphas).
        steps: gradient steps, or epochs of an attentive probe; 0 for ridge.
        predictions: raw units (logits of a plausibility probe), float64
            [layers, folds, n, outputs].
    """

    configuration: np.ndarray
    steps: np.ndarray
    predictions: np.ndarray


def first_twins(features: np.ndarray) -> list[int]:
    """For every row of ``features`` [n, D] the number of the first row with the same values."""
    first: dict[bytes, int] = {}
    return [first.setdefault(row.tobytes(), number) for number, row in enumerate(features)]
