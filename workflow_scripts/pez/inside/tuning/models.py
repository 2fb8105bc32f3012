"""Linear models of all units at some positions, from sums: what a variable adds out of fold.

y = Z a + D g, with Z = (1, what stands beside) and D two regressors that are constant in a
condition. Ridge penalties are on all but the intercept. Z is eliminated once; every D, and so every
permutation of it, then costs products with 2 x (1 + K) matrices:

    A = Z'Z + ridge,  a = A^-1 Z'y,  W = A^-1 Z'D,  g = (D'D + ridge - D'Z W)^-1 (D'y - D'Z a)

on the clips of a fit, and on those held out, with r = y - Z a and X = D - Z W,

    SSE(Z) - SSE(Z, D) = 2 g'X'r - g'X'X g.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pez.inside.tuning.sums import Sums

_DEAD = 1e-12  # mean square of a unit that does not vary
_SINGLE = torch.float32


class Ridge(NamedTuple):
    """Penalties, added to sums of squares."""

    variable: float  # of direction or speed
    beside: float  # of what stands beside it


@dataclass(frozen=True)
class Fitted:
    """Two regressors in every unit at every position.

    Attributes:
        gained: share of the variance out of fold that they add to what Z explains, [P, U].
        weights: fitted to all clips, [P, 2, U].
    """

    gained: Tensor
    weights: Tensor


class Models:
    """Models of the units at some positions, with everything that D does not change worked out."""

    def __init__(self, sums: Sums, rows: slice, fold: Tensor, ridge: Ridge, given: int = 0) -> None:
        """Eliminate Z.

        Args:
            sums: of all positions.
            rows: positions to take.
            fold: of every condition, int64 [C].
            ridge: penalties.
            given: how many of the regressors, the first ones, are in Z beside the intercept.
        """
        device = sums.of_condition.device
        self._ridge = ridge.variable
        self._count = sums.beside.count[rows]
        self._of_condition = sums.of_condition[rows]
        self._by_fold = torch.nn.functional.one_hot(fold).T.to(device, torch.float64)  # [F, C]
        regressors = sums.beside.regressors[rows][..., :given]
        self._z = torch.cat([self._count[..., None], regressors], dim=-1)  # [P, C, 1 + K]
        zz = self._squares(sums.beside.among[rows][..., :given, :given])
        y = torch.einsum("fc,pcu->pfu", self._by_fold, self._of_condition.double())[:, :, None]
        zy = torch.cat([y, sums.products[rows][:, :, :given].double()], dim=2)
        self._zz = zz
        penalty = torch.full((1 + given,), ridge.beside, dtype=torch.float64, device=device)
        penalty[0] = 0
        # a fold without any clip at a position still has an intercept, of 0
        whole = zz.sum(dim=1, keepdim=True)
        self._inverse = _inverse(torch.cat([whole - zz, whole], dim=1) + torch.diag(penalty))
        whole_zy = zy.sum(dim=1, keepdim=True)
        fitted = self._inverse @ torch.cat([whole_zy - zy, whole_zy], dim=1)
        self._fitted = fitted.to(_SINGLE)  # a; the last is of all clips
        left = zy - zz @ fitted[:, :-1]  # Z'r held out
        self._left = left.to(_SINGLE)
        squares = sums.squares[rows].double()
        without = (squares - (fitted[:, :-1] * (zy + left)).sum(dim=2)).sum(dim=1)
        self._base = torch.maximum(self._about_mean(y[:, :, 0], squares), without)
        clips = self._count.sum(dim=1)[:, None]
        dead = self._base <= _DEAD * clips.clamp(min=1)
        self._base = self._base.masked_fill(dead, torch.inf).to(_SINGLE)

    def gained(self, regressors: np.ndarray) -> Tensor:
        """What ``regressors`` D, float64 [C, 2], are worth out of fold: see `Fitted`."""
        d = self._centred(regressors)
        dz, dd, y = self._with_z(d), self._among(d), self._y(d)
        w, g = self._solved(_others(dz), _others(dd), _others(y), slice(0, -1))
        crossed = y - dz.to(_SINGLE) @ self._fitted[:, :-1] - w.mT.to(_SINGLE) @ self._left
        mixed = dz @ w
        xx = (dd - mixed - mixed.mT + w.mT @ self._zz @ w).to(_SINGLE)
        less = (g * (2 * crossed - xx @ g)).sum(dim=(1, 2))
        return less / self._base

    def fit(self, regressors: np.ndarray) -> Fitted:
        """The same, with the weights fitted to all clips."""
        d = self._centred(regressors)
        by_fold = (self._with_z(d), self._among(d), self._y(d))
        dz, dd, y = (one.sum(dim=1, keepdim=True) for one in by_fold)
        _, weights = self._solved(dz, dd, y, slice(-1, None))
        return Fitted(self.gained(regressors), weights[:, 0])

    def _centred(self, regressors: np.ndarray) -> Tensor:
        # the intercept is free, and small numbers lose less in single precision
        return torch.from_numpy(regressors - regressors.mean(axis=0)).to(self._z)

    def _solved(self, dz: Tensor, dd: Tensor, y: Tensor, fits: slice) -> tuple[Tensor, Tensor]:
        """W and g of some ``fits``, from D'Z, D'D and D'y over their clips."""
        w = self._inverse[:, fits] @ dz.mT
        h = dd + self._ridge * torch.eye(2).to(dd) - dz @ w
        left = y - dz.to(_SINGLE) @ self._fitted[:, fits]
        return w, torch.linalg.inv(h).to(_SINGLE) @ left

    def _squares(self, among: Tensor) -> Tensor:
        """Z'Z by fold, [P, F, 1 + K, 1 + K]."""
        sums = torch.einsum("fc,pck->pfk", self._by_fold, self._z)
        first = sums[..., None, :]
        return torch.cat([first, torch.cat([sums[..., 1:, None], among], dim=-1)], dim=-2)

    def _about_mean(self, y: Tensor, squares: Tensor) -> Tensor:
        """Squares held out about the mean of the other folds, summed over folds, [P, U]."""
        count = torch.einsum("fc,pc->pf", self._by_fold, self._count)[..., None]
        others = (count.sum(dim=1, keepdim=True) - count).clamp(min=1)
        mean = (y.sum(dim=1, keepdim=True) - y) / others
        return (squares - 2 * mean * y + count * mean.square()).sum(dim=1)

    def _with_z(self, d: Tensor) -> Tensor:
        """D'Z by fold, [P, F, 2, 1 + K]."""
        by_fold = self._by_fold[:, None, :] * d.T
        return torch.einsum("fdc,pck->pfdk", by_fold, self._z)

    def _among(self, d: Tensor) -> Tensor:
        """D'D by fold, [P, F, 2, 2]."""
        pairs = d[:, :, None] * d[:, None, :]
        return torch.einsum("fc,pc,cde->pfde", self._by_fold, self._count, pairs)

    def _y(self, d: Tensor) -> Tensor:
        """D'y by fold, [P, F, 2, U]."""
        by_fold = (self._by_fold[:, None, :] * d.T).flatten(0, 1).to(_SINGLE)
        return (by_fold @ self._of_condition).unflatten(1, (-1, 2))


def _others(by_fold: Tensor) -> Tensor:
    """Sums over the other folds, [P, F, ...]."""
    return by_fold.sum(dim=1, keepdim=True) - by_fold


def _inverse(matrices: Tensor) -> Tensor:
    """Inverses of symmetric matrices [..., k, k]; a count of 0 clips counts as 1."""
    empty = matrices[..., 0, 0] <= 0
    matrices = matrices.clone()
    matrices[..., 0, 0] = matrices[..., 0, 0].masked_fill(empty, 1.0)
    return torch.linalg.inv(matrices)
