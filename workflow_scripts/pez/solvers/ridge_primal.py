"""Ridge regression from sufficient statistics, for more clips n than features D.

The dual solution of `pez.solvers.ridge_dual` needs an n x n matrix. Here a D x D one is enough:
from mean and scatter matrix of the training rows, W = (S_xx + alpha I)^-1 S_xy, and one
eigendecomposition of S_xx serves every alpha. The squared error on the held-out rows follows from
their statistics too, so that alpha is picked without a look at single clips; a second pass over the
features then makes the predictions. Neither pass holds more than some shards in memory.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from pez.features.store import Shard
from pez.recipes.spec import Normalisation, RidgeSolver, Selection
from pez.runtime.errors import ArtifactError
from pez.solvers.cell_sums import BATCH_CLIPS, GramStatistics, accumulate, batches
from pez.solvers.cells import Cells, cells_of
from pez.solvers.normalise import is_constant_feature
from pez.solvers.task import Choice, Task

ReadShards = Callable[[], Iterable[Shard]]


@dataclass(frozen=True)
class RidgeFit:
    """Ridge regressions fitted on one split, one for each penalty: y = x @ weights + intercept.

    Attributes:
        weights: for raw features, float64 [alphas, D, outputs].
        intercept: in the targets' units, float64 [alphas, outputs].
        errors: sum of squared errors on the held-out rows over all outputs, float64 [alphas].
        total: sum of squares of the held-out targets about their mean.
    """

    weights: torch.Tensor
    intercept: torch.Tensor
    errors: np.ndarray
    total: float

    def best(self) -> int:
        """Index of the penalty with the least held-out error; ties go to the first."""
        return int(np.where(np.isfinite(self.errors), self.errors, np.inf).argmin())


def prefers_primal(clips: int, width: int) -> bool:
    """Whether the primal solution costs less than the dual one.

    The dual takes n^2 D operations for the Gram matrix and of the order of n^3 for its
    eigendecomposition, the primal n D^2 and D^3: n (D + n) n against D (n + D) D.
    """
    return clips > width


def working_bytes(cells: int, width: int, outputs: int) -> int:
    """Memory that `fit_shards` takes for one layer beside targets and predictions, bytes.

    Scatter matrices, the six matrices of one split's solution, and a batch of clips as read, joined
    and in float64.
    """
    return 8 * (width + outputs) * ((cells + 6) * (width + outputs) + 2 * BATCH_CLIPS)


def fit_split(
    statistics: GramStatistics,
    train: np.ndarray,
    held_out: np.ndarray,
    outputs: int,
    normalisation: Normalisation,
    alphas: Sequence[float],
) -> RidgeFit:
    """Fit on the cells ``train`` and judge on the cells ``held_out``, bool [K] each.

    An unpenalised intercept takes up the mean, so ``none`` and ``center`` are the same.
    """
    count, mean, scatter = statistics.union(train)
    width = len(mean) - outputs
    scale = torch.ones_like(mean[:width])
    if normalisation == "zscore":
        deviation = (scatter.diagonal()[:width] / count).sqrt()
        scale = deviation.masked_fill(is_constant_feature(mean[:width], deviation), 1.0)
    values, vectors = torch.linalg.eigh(scatter[:width, :width] / scale[:, None] / scale)
    rotated = vectors.T @ (scatter[:width, width:] / scale[:, None])
    penalties = torch.tensor(alphas, dtype=torch.float64).to(values)[:, None, None]
    weights = vectors @ (rotated / (values.clamp(min=0)[:, None] + penalties)) / scale[:, None]

    # Residuals are linear in z = [x, y], and so their moments follow from those of z.
    identity = torch.eye(outputs).to(weights).expand(len(weights), -1, -1)
    residual = torch.cat([-weights, identity], dim=1)
    judged, held_out_mean, held_out_scatter = statistics.union(held_out)
    offset = (held_out_mean - mean) @ residual
    errors = (residual * (held_out_scatter @ residual)).sum(dim=(1, 2))
    errors += judged * offset.square().sum(dim=1)
    total = held_out_scatter.diagonal()[width:].sum()
    return RidgeFit(weights, mean @ residual, errors.cpu().numpy(), float(total))


def fit_splits(
    statistics: GramStatistics,
    cells: Cells,
    outputs: int,
    normalisation: Normalisation,
    alphas: Sequence[float],
) -> list[RidgeFit]:
    """Fit every split of ``cells`` from the statistics of all shards.

    Raises:
        ArtifactError: clips are missing.
    """
    held, wanted = statistics.count.sum(), len(cells.of_clip)
    if held != wanted:
        raise ArtifactError(
            f"the statistics hold {held} of {wanted} clips (shards "
            f"{', '.join(map(str, sorted(statistics.shards)))}): add those of the other shards, or "
            "extract the features again."
        )
    return [
        fit_split(statistics, train, held_out, outputs, normalisation, alphas)
        for train, held_out in zip(cells.train, cells.held_out, strict=True)
    ]


def predict(
    shards: Iterable[Shard], weights: torch.Tensor, intercept: torch.Tensor, clips: int
) -> np.ndarray:
    """Predict the clips of ``shards``; rows of clips in none of them are NaN.

    Args:
        shards: pooled features.
        weights: float64 [models, D, outputs].
        intercept: float64 [models, outputs].
        clips: number of all clips n.

    Returns:
        float64 [models, n, outputs].
    """
    models, width, outputs = weights.shape
    side_by_side = weights.permute(1, 0, 2).reshape(width, -1)
    predictions = np.full((models, clips, outputs), np.nan)
    for rows, features in batches(shards, clips, weights.device):
        made = torch.addmm(intercept.reshape(-1), features.double(), side_by_side)
        predictions[:, rows] = made.view(len(rows), models, outputs).transpose(0, 1).cpu().numpy()
    return predictions


def fit_shards(task: Task, read: ReadShards, device: str | torch.device) -> dict[Selection, Choice]:
    """Fit and pick for one layer in two passes over its shards.

    Args:
        task: a regression with a `RidgeSolver`.
        read: starts a pass over all shards.
        device: where to compute.

    Raises:
        ArtifactError: the shards do not hold one finite feature vector for each target.
    """
    if not isinstance(task.solver, RidgeSolver):
        raise TypeError(f"solver {task.solver.method} needs a layer in memory")
    cells = cells_of([*task.outer, *task.inner])
    (clips, outputs), folds = task.targets.shape, len(task.outer)
    statistics = accumulate(read(), cells, task.targets, {}, device)
    fits = fit_splits(statistics, cells, outputs, task.normalisation, task.solver.alphas)
    del statistics
    judges = {"validation": fits[:folds], "nested": fits[folds:]}
    picked = {name: np.array([fit.best() for fit in judges[name]]) for name in task.selections}
    chosen = [
        (fit.weights[index], fit.intercept[index])
        for name in task.selections
        for fit, index in zip(fits[:folds], picked[name], strict=True)
    ]
    weights, intercept = (torch.stack(parts) for parts in zip(*chosen, strict=True))
    predictions = predict(read(), weights, intercept, clips)
    parts = predictions.reshape(len(task.selections), 1, folds, clips, outputs)
    return {
        name: Choice(picked[name][None], np.zeros((1, folds), np.int64), part)
        for name, part in zip(task.selections, parts, strict=True)
    }
