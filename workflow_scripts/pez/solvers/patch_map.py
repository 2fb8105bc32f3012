"""One linear map that all patches of a clip share, its predictions averaged over the clip.

The rows fitted are clips x patches, each with its clip's target. Neither training nor prediction
needs them one by one. Under a squared error the gradient is W C - B, with the second moments
C [D, D] of a split's training rows and B [outputs, D] between targets and rows; the average
prediction of a clip is the prediction of the average patch. So the rows are read once per layer,
and what is kept of them are the moments per cell of clips (`pez.solvers.cells`), the sums of which
give those of every split, and the average patch of each clip.

Operations, per layer: 2 N D^2 for N rows once, then 2 D (D + n) a fit, output and step, where the
rows themselves would take 4 N D: at 392 clips of 256 patches and D = 1024 that is 145 times less.

Held-out losses, and with them early stopping and the picked configuration, are those of the
averaged predictions, which are what is reported.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from pez.features.store import PatchShard
from pez.recipes.spec import GradientSolver, Normalisation, RidgeSolver, Selection
from pez.recipes.splits import Split
from pez.runtime.errors import ArtifactError
from pez.solvers.cell_sums import GramStatistics, empty_statistics
from pez.solvers.cells import Cells
from pez.solvers.normalise import (
    BIAS_COLUMNS,
    FROZEN,
    FeatureBlock,
    Moments,
    fit_targets,
    normalising,
    with_bias,
)
from pez.solvers.ridge_primal import fit_split
from pez.solvers.selection import fit_gradient, joined, pick_ridge
from pez.solvers.task import Choice, Task

# Rows worked on at a time. A float32 sum over so many centred products is good to about 1e-6 of
# their sizes; sums of such sums are kept in float64.
BATCH_ROWS = 8192


@dataclass(frozen=True)
class PatchStatistics:
    """What the probe needs to know of one layer's patches.

    Attributes:
        cells: of the clips.
        rows: statistics of clips x patches, with the clip's targets repeated for each patch.
        means: the average patch of every clip, float64 [n, D].
    """

    cells: Cells
    rows: GramStatistics
    means: torch.Tensor

    def of_rows(self, rows: np.ndarray) -> tuple[int, torch.Tensor, torch.Tensor]:
        """Count, mean and scatter of the clips ``rows``, bool [n], which are whole cells."""
        return self.rows.union(self.in_cells(rows))

    def in_cells(self, rows: np.ndarray) -> np.ndarray:
        """Cells that the clips ``rows``, bool [n], make up: bool [K]."""
        return np.bincount(self.cells.of_clip[rows], minlength=len(self.rows.count)) > 0


def gather(
    shards: Iterable[PatchShard], cells: Cells, targets: np.ndarray, device: str | torch.device
) -> PatchStatistics:
    """Read the patches of a layer and keep their statistics.

    Args:
        shards: patches of all clips.
        cells: of all clips.
        targets: of all clips, float64 [n, outputs].
        device: where to compute.

    Raises:
        ArtifactError: the shards do not hold one set of patches for each clip.
    """
    clips, outputs = targets.shape
    known = torch.tensor(targets, device=device)
    statistics: PatchStatistics | None = None
    end = 0
    for shard in shards:
        count, patches, width = shard.patches.shape
        end = shard.first + count
        if end > clips:
            break
        if statistics is None:
            rows = empty_statistics(cells, width + outputs, {}, device)
            means = torch.empty(clips, width, dtype=torch.float64, device=device)
            statistics = PatchStatistics(cells, rows, means)
        of_clip = cells.of_clip[shard.first : end]
        for cell in np.unique(of_clip).tolist():
            members = torch.from_numpy(np.flatnonzero(of_clip == cell))
            for part in members.split(max(1, BATCH_ROWS // patches)):
                numbers = part.to(device) + shard.first
                tokens = shard.clips(part, device)
                statistics.means[numbers] = _add(statistics.rows, cell, tokens, known[numbers])
    if statistics is None or end != clips:
        raise ArtifactError(
            f"the feature shards hold patches of {end} clips or more, and the labels name {clips} "
            "clips: extract the features again."
        )
    return statistics


def _add(
    statistics: GramStatistics, cell: int, tokens: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """Take in the clips ``tokens``, float32 [k, P, D], which is overwritten.

    Returns:
        The clips' average patches, float64 [k, D].
    """
    clips, patches, width = tokens.shape
    rough = tokens.mean(dim=(0, 1))
    tokens -= rough
    means = tokens.mean(dim=1).double()
    shift, known = means.mean(dim=0), targets.mean(dim=0)
    apart, target = means - shift, targets - known
    flat = tokens.view(-1, width)
    scatter = torch.empty_like(statistics.scatter[cell])
    scatter[:width, :width] = flat.T @ flat
    scatter[:width, :width].addr_(shift, shift, alpha=-clips * patches)
    # Within a clip the targets are constant, so that its patches count through their mean alone.
    scatter[:width, width:] = patches * (apart.T @ target)
    scatter[width:, :width] = scatter[:width, width:].T
    scatter[width:, width:] = patches * (target.T @ target)
    mean = torch.cat([rough.double() + shift, known])
    statistics.add_moments(cell, clips * patches, mean, scatter)
    return means + rough.double()


def fit_patch_map(task: Task, layers: Sequence[PatchStatistics]) -> dict[Selection, Choice]:
    """Fit and pick for some layers."""
    match task.solver:
        case GradientSolver() as solver:
            return fit_gradient(task, solver, PatchMoments(layers))
        case RidgeSolver() as solver:
            return joined([_ridge(task, solver, layer) for layer in layers])
    raise TypeError(f"solver {task.solver.method} has no patch map")


def statistics_bytes(task: Task, cells: Cells, width: int) -> int:
    """Memory that one layer takes, from reading to fitting, bytes."""
    side = width + task.targets.shape[1]
    clips = 3 * 8 * len(task.targets) * side
    return 8 * side**2 * (cells.train.shape[1] + 3) + 2 * 4 * len(task.outer) * side**2 + clips


@dataclass(frozen=True)
class PatchMoments:
    """Patches of some layers as inputs of gradient descent (see `pez.solvers.selection.Inputs`)."""

    statistics: Sequence[PatchStatistics]

    @property
    def layers(self) -> int:
        """See `Inputs`."""
        return len(self.statistics)

    @property
    def width(self) -> int:
        """See `Inputs`."""
        return self.statistics[0].means.shape[1]

    def blocks(self, task: Task, splits: Sequence[Split], bias: bool) -> list[FeatureBlock]:
        """See `Inputs`."""
        parts = [_block(layer, task, splits, bias) for layer in self.statistics]
        rows, scale, second, cross = (torch.stack(part) for part in zip(*parts, strict=True))
        block = FeatureBlock(rows, None if bool((scale == 1).all()) else scale)
        if bias:
            block = with_bias(block, len(splits))
        return [FeatureBlock(block.rows, block.scale, Moments(second, cross))]

    def batch(self, task: Task) -> None:
        """See `Inputs`: fits are as large as the features of one patch."""

    def settle(self, task: Task, predictions: np.ndarray) -> np.ndarray:
        """See `Inputs`: regressions are final."""
        return predictions


def _block(
    layer: PatchStatistics, task: Task, splits: Sequence[Split], bias: bool
) -> tuple[torch.Tensor, ...]:
    """Rows, scale, and moments (with those of the bias) of one layer, see `FeatureBlock`."""
    outputs = task.targets.shape[1]
    targets = fit_targets(task.targets, splits, task.target_normalisation)
    everything = layer.of_rows(np.ones(len(task.targets), dtype=bool))
    shift, unit, _ = _scale(*everything, outputs, task.normalisation)
    means, scales, seconds, crosses = [], [], [], []
    for index, split in enumerate(splits):
        count, mean, scatter = layer.of_rows(split.train)
        centre, scale, constant = _scale(count, mean, scatter, outputs, task.normalisation)
        of_targets = [
            torch.from_numpy(part[index]).to(mean) for part in (targets.mean, targets.scale)
        ]
        # Moments of z = [x, y] about where the split's normalisation puts 0, in shared units.
        zero, size = torch.cat([centre, of_targets[0]]), torch.cat([unit, of_targets[1]])
        offset = (mean - zero) / size
        joint = (scatter / count / size[:, None] / size).addr_(offset, offset)
        width = len(centre)
        joint[:width][constant] = 0.0
        joint[:, :width][:, constant] = 0.0
        offset[:width][constant] = 0.0
        second, cross = joint[:width, :width], joint[width:, :width]
        if bias:
            second = torch.nn.functional.pad(second, (0, BIAS_COLUMNS, 0, BIAS_COLUMNS))
            second[width, :width] = second[:width, width] = offset[:width]
            second[width, width] = 1.0
            cross = torch.nn.functional.pad(cross, (0, BIAS_COLUMNS))
            cross[:, width] = offset[width:]
        means.append((centre - shift) / unit)
        scales.append((scale / unit).masked_fill(constant, FROZEN).float())
        seconds.append((second * (2 / outputs)).float())
        crosses.append((cross * (2 / outputs)).float())
    rows = torch.cat([(layer.means - shift) / unit, torch.stack(means)]).float()
    return rows, torch.stack(scales), torch.stack(seconds), torch.stack(crosses)


def _scale(
    count: int,
    mean: torch.Tensor,
    scatter: torch.Tensor,
    outputs: int,
    normalisation: Normalisation,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Mean, scale and constancy of the features, [D] each, as `normalise.train_statistics`."""
    centre = mean[:-outputs]
    deviation = (scatter.diagonal()[:-outputs].clamp(min=0) / count).sqrt()
    return normalising(centre, deviation, normalisation)


def _ridge(task: Task, solver: RidgeSolver, layer: PatchStatistics) -> dict[Selection, Choice]:
    outputs = task.targets.shape[1]

    def predict(splits: Sequence[Split]) -> np.ndarray:
        of_splits = []
        for split in splits:
            sides = (layer.in_cells(split.train), layer.in_cells(split.held_out))
            fit = fit_split(layer.rows, *sides, outputs, task.normalisation, solver.alphas)
            of_splits.append(layer.means @ fit.weights + fit.intercept[:, None])
        return torch.stack(of_splits).cpu().numpy()[None]

    return pick_ridge(task, predict)
