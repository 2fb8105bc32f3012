"""Layer curves of a probe: a score for every layer and fold, and what is averaged from them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pez.evidence.read import EvidenceTable

# What counts as wrong in a score because neither side is ahead, and is reported beside it.
TIES = {"relative_accuracy": "relative_ties"}


@dataclass(frozen=True)
class Estimate:
    """A mean over folds and its spread (sample standard deviation; NaN below two folds)."""

    mean: float
    spread: float


@dataclass(frozen=True)
class Curve:
    """Scores of one probe on one model.

    Attributes:
        scores: float64 [layers, folds]; NaN where a fold was degenerate.
        ties: share of scenes that tie and count as wrong in ``scores``, float64 [layers, folds];
            None for a score that knows no ties.
    """

    scores: np.ndarray
    ties: np.ndarray | None = None

    @property
    def layers(self) -> int:
        """Number of layers."""
        return len(self.scores)

    @property
    def n_folds(self) -> np.ndarray:
        """Folds with a score, int [layers]."""
        return np.isfinite(self.scores).sum(axis=1)

    @property
    def n_nan_folds(self) -> np.ndarray:
        """Degenerate folds, left out of `mean` and `spread`, int [layers]."""
        return self.scores.shape[1] - self.n_folds

    @property
    def mean(self) -> np.ndarray:
        """Mean over the folds with a score, float64 [layers]; NaN where there is none."""
        return np.array([estimate(row).mean for row in self.scores])

    @property
    def spread(self) -> np.ndarray:
        """Sample standard deviation over folds, float64 [layers]; NaN below two folds."""
        return np.array([estimate(row).spread for row in self.scores])

    @property
    def tie_share(self) -> np.ndarray:
        """Mean of the ties over folds, float64 [layers]; NaN for a score that knows none."""
        if self.ties is None:
            return np.full(self.layers, np.nan)
        return np.array([estimate(row).mean for row in self.ties])


def at_every_layer(curve: Curve, layers: int) -> Curve:
    """Spread a curve of a single state over ``layers`` layers, flat; others are as they are."""
    if curve.layers != 1:
        return curve
    ties = None if curve.ties is None else np.repeat(curve.ties, layers, axis=0)
    return Curve(np.repeat(curve.scores, layers, axis=0), ties)


def over_seeds(curves: Sequence[Curve]) -> Curve:
    """Mean of curves that differ in a seed, fold by fold; a fold that is degenerate in one is."""
    if len(curves) == 1:
        return curves[0]
    ties = [curve.ties for curve in curves if curve.ties is not None]
    mean_ties = np.mean(ties, axis=0) if len(ties) == len(curves) else None
    return Curve(np.mean([curve.scores for curve in curves], axis=0), mean_ties)


def estimate(values: np.ndarray) -> Estimate:
    """Mean and spread of the finite entries of ``values`` (float [folds])."""
    finite = values[np.isfinite(values)]
    mean = float(finite.mean()) if len(finite) else float("nan")
    spread = float(finite.std(ddof=1)) if len(finite) > 1 else float("nan")
    return Estimate(mean, spread)


def layer_fractions(layers: int) -> np.ndarray:
    """Depth of layers 0 .. ``layers`` - 1, float64 [layers]: 0 for the first, 1 for the last."""
    return np.arange(layers) / max(layers - 1, 1)


def pez_layer(layers: int) -> int:
    """Layer of the PEZ marker: 8 of 24 as in the paper, one third of depth for others."""
    return min(round(layers / 3), layers - 1)


def curves_of(table: EvidenceTable, metric: str, subset: str) -> dict[str, Curve]:
    """Curves of ``metric`` on ``subset``, one per selection, with the ties of a score that has any.

    Raises:
        ArtifactError: see `pez.evidence.read.EvidenceTable.matrices`.
    """
    scores = table.matrices(metric, subset)
    if metric not in TIES:
        return {selection: Curve(values) for selection, values in scores.items()}
    ties = table.matrices(TIES[metric], subset)
    return {selection: Curve(values, ties[selection]) for selection, values in scores.items()}
