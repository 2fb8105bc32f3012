"""Layer curves of a probe: a score for every layer and fold, and what is averaged from them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pez.runtime.errors import ArtifactError

COLUMNS = ("layer", "selection", "fold", "metric", "value")


@dataclass(frozen=True)
class Estimate:
    """A mean over folds and its spread (sample standard deviation; NaN below two folds)."""

    mean: float
    spread: float

    @property
    def is_above_spread(self) -> bool:
        """Whether the mean is positive by more than one fold spread."""
        return bool(self.mean > (0.0 if np.isnan(self.spread) else self.spread))


@dataclass(frozen=True)
class Curve:
    """Scores of one probe on one model.

    Attributes:
        scores: float64 [layers, folds]; NaN where a fold was degenerate.
    """

    scores: np.ndarray

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


def read_curves(table: pd.DataFrame, layers: int, source: str) -> dict[str, Curve]:
    """Turn a probe result table into one R2 `Curve` per selection.

    Args:
        table: tidy table with the columns `COLUMNS`.
        layers: number of layers the model has.
        source: path of the table, for messages.

    Raises:
        ArtifactError: the table holds no R2, or other layers than the model.
    """
    r2 = table[table["metric"] == "r2"]
    if r2.empty:
        raise ArtifactError(f"{source} holds no rows of metric r2: delete it and run again.")
    curves = {}
    for selection, rows in r2.groupby("selection"):
        scores = rows.pivot(index="layer", columns="fold", values="value").sort_index()
        if list(scores.index) != list(range(layers)):
            raise ArtifactError(
                f"{source} holds {len(scores)} layers ({selection}) where the model has {layers}: "
                "it belongs to another model. Delete it and run again."
            )
        curves[str(selection)] = Curve(scores.to_numpy(np.float64))
    return curves
