"""Ridge regression with any clips left out, from one fit to all of them.

The fit of all clips is linear in the targets, H y, with

    H = 11'/n + K (K + alpha I)^-1,

K the n x n Gram matrix of the features about their mean over all n clips. Without the clips S the
residuals of a fit to the others are, at those clips, (I - H_SS)^-1 e_S with e = (I - H) y: exactly,
for an intercept that is not penalised and features that are scaled once, on all clips (R. D. Cook,
1977, for single clips; the same identity holds for sets). One eigendecomposition of K so gives
every penalty, fold, inner fold and target, and permuted targets are more columns.

What it cannot do is scale features anew in every fold, as `pez.solvers.ridge_dual` does under
``zscore``: here the held-out clips have a part in the scale, not in the fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from pez.recipes.splits import Split
from pez.solvers.ridge_dual import gram_matrices

Scaling = Literal["center", "zscore", "whiten"]
LARGE = 1e4  # variance of covariates where features have 1: a penalty counts a ten-thousandth


@dataclass(frozen=True)
class Spectrum:
    """Eigendecomposition of the Gram matrix of some clips' features.

    Attributes:
        values: float64 [n], none negative.
        vectors: in columns, each less its mean, float64 [n, n].
    """

    values: Tensor
    vectors: Tensor

    def complements(self, alphas: Sequence[float]) -> Tensor:
        """I - H for every penalty on the squared norm of the weights: float64 [alphas, n, n].

        Made from what a penalty takes away and not from what it leaves: with more features than
        clips the latter is 1 but for the last digits, which are all that counts.
        """
        penalties = torch.tensor(alphas, dtype=torch.float64).to(self.values)[:, None]
        taken = penalties / (self.values + penalties)
        return (self.vectors * taken[:, None]) @ self.vectors.T

    def gram(self) -> Tensor:
        """The Gram matrix itself, float64 [n, n]."""
        return (self.vectors * self.values) @ self.vectors.T


def spectrum(features: Tensor, scaling: Scaling) -> Spectrum:
    """Decompose the features of all clips, scaled on all of them.

    Args:
        features: float32 [n, D], on any device.
        scaling: ``center``; ``zscore``: every feature has variance 1; ``whiten``: every principal
            component has variance v / (v + m), v its own and m the mean variance of the n - 1
            components that n clips can have. (With v / v the n clips would all lie equally far
            from one another as soon as there are as many features, and nothing could be read.)
    """
    clips = len(features)
    everything = np.ones(clips, dtype=bool)
    centred: Literal["center", "zscore"] = "zscore" if scaling == "zscore" else "center"
    gram = gram_matrices(features, [Split(everything, ~everything)], centred)[0]
    found = _decomposed(gram)
    if scaling != "whiten":
        return found
    spread = found.values + found.values.sum() / (clips - 1)
    return Spectrum(clips * found.values / spread, found.vectors)


def beside(spectrum: Spectrum, covariates: Tensor) -> Spectrum:
    """Decompose the same features beside ``covariates`` [n, k] that cost next to no penalty.

    A fit predicts from the covariates and the features; `covariates_alone` is what to hold it
    against. Covariates without any penalty would have no fit where one varies among the clips left
    out only.
    """
    return _decomposed(spectrum.gram() + _gram_of(covariates.to(spectrum.values)))


def covariates_alone(covariates: Tensor) -> Tensor:
    """I - H of a fit to ``covariates`` [n, k] and an intercept alone: float64 [1, n, n]."""
    return _decomposed(_gram_of(covariates.double())).complements([1.0])


def _gram_of(covariates: Tensor) -> Tensor:
    """Gram matrix of covariates of variance `LARGE`; those that do not vary have no part in it."""
    centred = covariates - covariates.mean(dim=0)
    scale = centred.square().mean(dim=0).sqrt()
    varies = scale > 1e-9 * covariates.abs().amax(dim=0)
    scaled = centred[:, varies] / scale[varies]
    return LARGE * scaled @ scaled.T


def _decomposed(gram: Tensor) -> Spectrum:
    """Decompose a Gram matrix of features about their mean.

    In exact arithmetic the vectors would add up to 0, but for those of eigenvalue 0, among which is
    the constant: it is to go, for the intercept costs no penalty.
    """
    values, vectors = torch.linalg.eigh(gram)
    return Spectrum(values.clamp(min=0), vectors - vectors.mean(dim=0))


@dataclass(frozen=True)
class Fits:
    """Ridge fits of all clips, for some penalties and targets.

    Attributes:
        complements: I - H, float64 [alphas, n, n].
        targets: float64 [n, outputs].
        residuals: float64 [alphas, n, outputs].
    """

    complements: Tensor
    targets: Tensor
    residuals: Tensor

    @classmethod
    def of(cls, complements: Tensor, targets: Tensor) -> "Fits":
        """Fit ``targets``, float64 [n, outputs]."""
        return cls(complements, targets, complements @ (targets - targets.mean(dim=0)))

    def predict(self, held_out: Tensor, seen: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Predict clips by fits that have not seen them.

        Args:
            held_out: numbers of the clips of a fold, int64 [m].
            seen: clips held out within the training clips, int64 [k], to pick a penalty by.

        Returns:
            Predictions of the clips ``held_out`` by fits to all others, [alphas, m, outputs]; and
            of the clips ``seen`` by fits without either, [alphas, k, outputs].
        """
        rows = held_out if seen is None else torch.cat([held_out, seen])
        first = len(held_out)
        # one factorisation: its leading block is that of the held-out clips alone
        factor = torch.linalg.cholesky(self.complements[:, rows[:, None], rows])
        right = self.residuals[:, rows]
        outer = torch.cholesky_solve(right[:, :first], factor[:, :first, :first].contiguous())
        predicted = self.targets[held_out] - outer
        if seen is None:
            return predicted, None
        inner = torch.cholesky_solve(right, factor)[:, first:]
        return predicted, self.targets[seen] - inner


def fit_few(
    gram: Tensor, targets: Tensor, train: Tensor, rows: Tensor, alphas: Sequence[float]
) -> Tensor:
    """Predict the clips ``rows`` by fits to few clips: cheaper than leaving all others out.

    Args:
        gram: of all clips, float64 [n, n], about any point.
        targets: float64 [n, outputs].
        train: clips to fit to, int64 [k].
        rows: clips to predict, int64 [m].
        alphas: penalties.

    Returns:
        float64 [alphas, m, outputs].
    """
    columns = gram[:, train]
    columns = columns - columns.mean(dim=1, keepdim=True)
    columns = columns - columns[train].mean(dim=0)
    level = targets[train].mean(dim=0)
    values, vectors = torch.linalg.eigh(columns[train])
    rotated = vectors.T @ (targets[train] - level)
    penalties = torch.tensor(alphas, dtype=torch.float64).to(gram)[:, None, None]
    shrunk = rotated / (values.clamp(min=0)[:, None] + penalties)
    return (columns[rows] @ vectors) @ shrunk + level
