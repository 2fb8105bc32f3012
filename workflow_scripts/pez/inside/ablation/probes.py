"""What a linear probe reads of features that have changed: without and with fitting it again.

A frozen probe falls where information is gone, and also where features have merely moved to where
no training clip was. A probe that is fitted again says whether the information is there at all; a
frozen one of features that are brought back to their mean and scale, whether it is where it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pez.recipes.splits import Split

FROZEN, RECENTRED, REFIT = "frozen", "recentred", "refit"
_CONSTANT = 1e-6  # of a feature's scale relative to the largest: it does not vary


@dataclass(frozen=True)
class Fold:
    """Clips of one fold.

    Attributes:
        outer: clips to fit to and clips that are reported on.
        inner: the same within the former, to pick a penalty by.
    """

    outer: Split
    inner: Split


@dataclass(frozen=True)
class Frame:
    """Mean and scale of features over the clips of a fit, float64 [P, 1, D] each."""

    mean: Tensor
    scale: Tensor

    @classmethod
    def of(cls, features: Tensor) -> "Frame":
        """Measure ``features`` [P, clips, D]; the scale of those that do not vary is infinite."""
        scale = features.std(dim=1, keepdim=True, correction=0)
        still = scale <= _CONSTANT * scale.amax(dim=-1, keepdim=True)
        return cls(features.mean(dim=1, keepdim=True), scale.masked_fill(still, torch.inf))

    def scaled(self, features: Tensor) -> Tensor:
        """Bring ``features`` [P, clips, D] to mean 0 and variance 1."""
        return (features - self.mean) / self.scale


def read_changed(
    whole: Tensor,
    changed: Mapping[str, Tensor],
    targets: np.ndarray,
    folds: Sequence[Fold],
    alphas: Sequence[float],
) -> dict[str, dict[str, np.ndarray]]:
    """Out-of-fold predictions of ridge probes on features that have changed in several ways.

    Args:
        whole: features as they were, float32 [P, n, D]: P probes side by side, such as patches.
        changed: by name, what they have become, likewise.
        targets: float64 [n, outputs].
        folds: of the clips.
        alphas: penalties, among which every fit picks on inner clips by squared error.

    Returns:
        By name and `FROZEN`, `RECENTRED` or `REFIT`: float64 [P, n, outputs].
    """
    shape = (len(whole), *targets.shape)
    found = {
        name: {reading: np.empty(shape) for reading in (FROZEN, RECENTRED, REFIT)}
        for name in changed
    }
    known = torch.tensor(targets, device=whole.device)
    for fold in folds:
        train, held_out = fold.outer.train, fold.outer.held_out
        frame = Frame.of(whole[:, train].double())
        probe = _fit(whole, known, fold, alphas)
        for name, features in changed.items():
            rows = features[:, held_out].double()
            own = Frame.of(features[:, train].double())
            again = _fit(features, known, fold, alphas)
            for reading, prediction in (
                (FROZEN, probe(frame.scaled(rows))),
                (RECENTRED, probe(own.scaled(rows))),
                (REFIT, again(own.scaled(rows))),
            ):
                found[name][reading][:, held_out] = prediction.cpu().numpy()
    return found


@dataclass(frozen=True)
class _Probe:
    """Weights for features of mean 0 and variance 1, [P, D, outputs], and the mean target."""

    weights: Tensor
    mean: Tensor

    def __call__(self, scaled: Tensor) -> Tensor:
        return scaled @ self.weights + self.mean


def _fit(features: Tensor, targets: Tensor, fold: Fold, alphas: Sequence[float]) -> _Probe:
    """Fit to the training clips of ``fold``, under the penalty that does best on inner clips."""
    inner, mean = _weights(features, targets, fold.inner.train, alphas)
    frame = Frame.of(features[:, fold.inner.train].double())
    seen = frame.scaled(features[:, fold.inner.held_out].double())
    errors = [
        (seen @ weights + mean - targets[fold.inner.held_out]).square().sum(dim=(1, 2))
        for weights in inner
    ]
    picked = torch.stack(errors).argmin(dim=0)
    weights, mean = _weights(features, targets, fold.outer.train, alphas)
    return _Probe(weights[picked, torch.arange(len(features))], mean)


def _weights(
    features: Tensor, targets: Tensor, train: np.ndarray, alphas: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """Ridge weights for every penalty, [alphas, P, D, outputs], from the dual form."""
    rows = features[:, train].double()
    scaled = Frame.of(rows).scaled(rows)
    mean = targets[train].mean(dim=0)
    values, vectors = torch.linalg.eigh(scaled @ scaled.mT)
    rotated = vectors.mT @ (targets[train] - mean)
    back = scaled.mT @ vectors
    penalties = torch.tensor(alphas, dtype=torch.float64, device=rows.device)
    damped = rotated / (values.clamp(min=0) + penalties[:, None, None])[..., None]
    return back @ damped, mean
