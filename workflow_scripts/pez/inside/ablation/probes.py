"""What a linear probe reads of features that have changed: without and with fitting it again.

A frozen probe falls where information is gone, and also where features have merely moved to where
no training clip was. A probe that is fitted again says whether the information is there at all; a
frozen one of features that are brought back to their mean and scale, whether it is where it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pez.inside.ablation.readings import FROZEN, RECENTRED, REFIT
from pez.recipes.splits import Split

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
        probe = fit_probes(whole, known, fold, alphas)
        for name, features in changed.items():
            rows = features[:, held_out].double()
            own = Frame.of(features[:, train].double())
            again = fit_probes(features, known, fold, alphas)
            for reading, prediction in (
                (FROZEN, probe(rows)),
                (RECENTRED, probe(rows, own)),
                (REFIT, again(rows)),
            ):
                found[name][reading][:, held_out] = prediction.cpu().numpy()
    return found


@dataclass(frozen=True)
class Probes:
    """Ridge probes side by side.

    Attributes:
        frame: of the features that they were fitted to.
        weights: for features of mean 0 and variance 1, float64 [P, D, outputs].
        mean: target of the clips that they were fitted to, float64 [outputs].
    """

    frame: Frame
    weights: Tensor
    mean: Tensor

    def __call__(self, features: Tensor, frame: Frame | None = None) -> Tensor:
        """Predict ``features``, float64 [P, clips, D], scaled by another ``frame`` if one is given.

        Returns:
            float64 [P, clips, outputs].
        """
        return (frame or self.frame).scaled(features) @ self.weights + self.mean


def fit_probes(features: Tensor, targets: Tensor, fold: Fold, alphas: Sequence[float]) -> Probes:
    """Fit to the training clips of ``fold``, each probe under its own penalty.

    That is the one of ``alphas`` which does best on the inner clips by squared error: one
    eigendecomposition for all of them, and one solution for the picked ones.

    Args:
        features: [P, n, D], of any floating dtype.
        targets: float64 [n, outputs], on the same device.
        fold: of the clips.
        alphas: penalties on the squared norm of the weights.
    """
    penalties = torch.tensor(alphas, dtype=torch.float64, device=features.device)
    inner = fold.inner
    system = _System.of(features[:, inner.train].double(), targets[inner.train])
    seen, known = features[:, inner.held_out].double(), targets[inner.held_out]
    errors = [
        (Probes(system.frame, weights, system.mean)(seen) - known).square().sum(dim=(1, 2))
        for weights in system.under_each(penalties)
    ]
    picked = penalties[torch.stack(errors).argmin(dim=0)]
    train = fold.outer.train
    system = _System.of(features[:, train].double(), targets[train])
    return Probes(system.frame, system.under(picked), system.mean)


@dataclass(frozen=True)
class _System:
    """The equations of a ridge regression, with whichever of D x D and n x n is smaller.

    Weights are ``back`` (if there is one) times the solution of (matrix + alpha I) x = right.
    """

    frame: Frame
    mean: Tensor
    matrix: Tensor
    right: Tensor
    back: Tensor | None

    @classmethod
    def of(cls, rows: Tensor, targets: Tensor) -> "_System":
        """Equations of features ``rows``, float64 [P, n, D], and ``targets`` [n, outputs]."""
        frame, mean = Frame.of(rows), targets.mean(dim=0)
        scaled, centred = frame.scaled(rows), targets - mean
        if rows.shape[2] < rows.shape[1]:
            return cls(frame, mean, scaled.mT @ scaled, scaled.mT @ centred, None)
        return cls(frame, mean, scaled @ scaled.mT, centred.expand(len(rows), -1, -1), scaled.mT)

    def under_each(self, penalties: Tensor) -> Iterator[Tensor]:
        """Weights under each of ``penalties``, float64 [P, D, outputs]."""
        values, vectors = torch.linalg.eigh(self.matrix)
        rotated = vectors.mT @ self.right
        back = vectors if self.back is None else self.back @ vectors
        for penalty in penalties:
            yield back @ (rotated / (values.clamp(min=0) + penalty)[..., None])

    def under(self, penalties: Tensor) -> Tensor:
        """Weights of every probe under its own of ``penalties`` [P], float64 [P, D, outputs]."""
        matrix = self.matrix + torch.diag_embed(penalties[:, None].expand(self.matrix.shape[:2]))
        found = torch.cholesky_solve(self.right, torch.linalg.cholesky(matrix))
        return found if self.back is None else self.back @ found
