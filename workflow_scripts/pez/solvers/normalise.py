"""Normalisation fitted on training rows, folded into one matrix that all splits share.

Every split normalises features with its own training statistics, x -> (x - mu) / sd. Copying the
features once per split would cost a matrix product per split; instead all splits share one matrix
(centred and scaled once for all rows, which keeps float32 sums accurate and cancels out exactly):

* one more row per split holds its mean mu; a product with these rows tells how much to subtract
  from the predictions, and their residuals carry the same correction into the gradient;
* sd becomes a factor in the optimiser's step (see `pez.solvers.adam`);
* where asked, one more column is the bias: ones, and zeros in the rows of the means, which shift
  features and not b. With centred features and targets under a squared error the bias's gradient,
  the mean training residual, is b itself. From b = 0 it stays 0: there is no such column. (In a
  float32 loop that gradient is rounding error instead, which Adam blows up to steps of size lr.)
  From another start b has a way to go, and there is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from pez.recipes.spec import Normalisation
from pez.recipes.splits import Split

BIAS_COLUMNS = 16  # one used; rows stay aligned to 64 bytes
# Scale of a feature that is constant in a split's training rows. Its centred value is 0 there, so
# its weight stays 0; the scale keeps the rounding error of that 0 from being amplified by Adam.
FROZEN = 1e9


@dataclass(frozen=True)
class Moments:
    """What the gradient of a mean squared error is made of, for each split: W second - cross.

    Attributes:
        second: mean of x x^T over the training rows, x in units of the shared scale and about the
            split's mean, times 2 / outputs: float32 [layers, splits, columns, columns].
        cross: mean of y x^T with normalised targets y, times the same: float32
            [layers, splits, outputs, columns].
    """

    second: torch.Tensor
    cross: torch.Tensor


@dataclass(frozen=True)
class FeatureBlock:
    """Some columns of the shared matrix.

    Attributes:
        rows: float32 [layers, n + splits, columns], clips and then the splits' means.
        scale: float32 [layers, splits, columns], a split's sd over the shared scale; None where it
            is 1 throughout.
        moments: what to take the gradient from, where that is not ``rows``.
    """

    rows: torch.Tensor
    scale: torch.Tensor | None
    moments: Moments | None = None


@dataclass(frozen=True)
class TargetScale:
    """Normalisation of targets per split, float64 [splits, outputs] each."""

    mean: np.ndarray
    scale: np.ndarray

    def apply(self, targets: np.ndarray) -> np.ndarray:
        """Normalise ``targets`` [n, outputs] for every split: [splits, outputs, n]."""
        return (targets.T[None] - self.mean[..., None]) / self.scale[..., None]

    def undo(self, predictions: np.ndarray, split: np.ndarray) -> np.ndarray:
        """Turn normalised ``predictions`` [..., outputs, n] of ``split`` [...] to raw units."""
        return predictions * self.scale[split][..., None] + self.mean[split][..., None]


def fit_targets(
    targets: np.ndarray, splits: Sequence[Split], normalisation: Normalisation
) -> TargetScale:
    """Fit the normalisation of ``targets`` [n, outputs] on the training rows of each split."""
    rows = [targets[split.train] for split in splits]
    mean = np.stack([part.mean(axis=0) for part in rows])
    scale = np.stack([part.std(axis=0) for part in rows])
    scale[scale <= np.finfo(np.float32).eps * np.abs(mean)] = 1.0
    if normalisation != "zscore":
        scale = np.ones_like(scale)
    if normalisation == "none":
        mean = np.zeros_like(mean)
    return TargetScale(mean, scale)


def train_statistics(
    features: torch.Tensor, split: Split, normalisation: Normalisation
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Mean, scale and constancy of ``features`` [layers, n, columns] in the training rows.

    Returns:
        Three tensors [layers, columns]: mean (0 for ``none``) and scale (1 unless ``zscore``, and
        for constant features) in the dtype of ``features``; bool, whether centred values are all 0.
    """
    rows = features[:, torch.from_numpy(split.train).to(features.device)]
    mean = rows.mean(dim=1)
    deviation = (rows - mean[:, None]).square().mean(dim=1).sqrt()
    return normalising(mean, deviation, normalisation)


def normalising(
    mean: torch.Tensor, deviation: torch.Tensor, normalisation: Normalisation
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What `train_statistics` returns of features with this mean and standard deviation."""
    constant = is_constant_feature(mean, deviation)
    one = torch.ones_like(mean)
    if normalisation == "none":
        return torch.zeros_like(mean), one, torch.zeros_like(constant)
    if normalisation == "center":
        return mean, one, constant
    return mean, torch.where(constant, one, deviation), constant


def is_constant_feature(mean: torch.Tensor, deviation: torch.Tensor) -> torch.Tensor:
    """Whether features of this mean and standard deviation vary by no more than rounding: bool."""
    return deviation <= 4 * torch.finfo(torch.float32).eps * mean.abs()


def shared_blocks(
    features: torch.Tensor,
    splits: Sequence[Split],
    normalisation: Normalisation,
    columns: int,
    bias: bool,
) -> list[FeatureBlock]:
    """Build the shared matrix of ``features``, float32 [layers, n, D], in blocks of ``columns``.

    With ``bias`` the last block ends in a column of ones, padded with zeros to `BIAS_COLUMNS`.
    """
    width = features.shape[2]
    blocks = [
        _block(features[:, :, start : start + columns], splits, normalisation)
        for start in range(0, width, columns)
    ]
    if bias:
        blocks[-1] = with_bias(blocks[-1], len(splits))
    return blocks


def _block(
    features: torch.Tensor, splits: Sequence[Split], normalisation: Normalisation
) -> FeatureBlock:
    exact = features.double()
    everything = Split(*np.ones((2, features.shape[1]), dtype=bool))
    shift, unit, _ = train_statistics(exact, everything, normalisation)
    statistics = [train_statistics(exact, split, normalisation) for split in splits]
    mean = torch.stack([(mean - shift) / unit for mean, _, _ in statistics], dim=1)
    scale = torch.stack(
        [(scale / unit).masked_fill(constant, FROZEN) for _, scale, constant in statistics], dim=1
    )
    shared = (exact - shift[:, None]) / unit[:, None]
    rows = torch.cat([shared, mean], dim=1).float()
    return FeatureBlock(rows, None if bool((scale == 1).all()) else scale.float())


def with_bias(block: FeatureBlock, splits: int) -> FeatureBlock:
    """Append the column of ones and its padding to a block without moments."""
    layers, rows, _ = block.rows.shape
    bias = block.rows.new_zeros(layers, rows, BIAS_COLUMNS)
    bias[:, : rows - splits, 0] = 1.0
    scale = block.scale
    if scale is not None:
        scale = torch.cat([scale, scale.new_ones(layers, splits, BIAS_COLUMNS)], dim=2)
    return FeatureBlock(torch.cat([block.rows, bias], dim=2), scale)
