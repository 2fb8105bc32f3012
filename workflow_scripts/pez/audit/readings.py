"""Out-of-fold predictions of every penalty at every state, and what a selection makes of them."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from pez.audit.folds import Fold
from pez.solvers.leave_out import Fits, Spectrum, fit_few

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Readings:
    """Ridge predictions under one plan of folds.

    Attributes:
        predictions: of every clip by the fit of the fold that holds it out; NaN for clips that none
            does; float64 [states, alphas, n, outputs].
        outer: sum of squared errors on the reported fold, [states, alphas, folds, outputs].
        inner: the same on the clips held out within the training clips.
        folds: clips that each fold reports on.
    """

    predictions: np.ndarray
    outer: np.ndarray
    inner: np.ndarray
    folds: Sequence[np.ndarray]

    def select(self, selection: str, columns: slice) -> np.ndarray:
        """Predictions of the outputs ``columns`` with the penalty that ``selection`` picks.

        ``validation``: for every state and fold the best on the reported fold itself; ``nested``:
        the best on the inner split; ``nested_shared``: of every fold one penalty for all states,
        the best on the inner split on average over states.

        Returns:
            float64 [states, n, outputs].
        """
        errors = (self.outer if selection == "validation" else self.inner)[..., columns].sum(
            axis=-1
        )
        if selection == "nested_shared":
            errors = np.broadcast_to(errors.mean(axis=0), errors.shape)
        chosen = errors.argmin(axis=1)  # [states, folds]
        states = np.arange(len(chosen))[:, None]
        found = np.full_like(self.predictions[:, 0, :, columns], np.nan)
        for fold, rows in enumerate(self.folds):
            picked = self.predictions[states, chosen[:, [fold]], rows, columns]
            found[:, rows] = picked
        return found


def side_by_side(
    outputs: Mapping[Name, np.ndarray],
) -> tuple[np.ndarray, dict[Name, slice]]:
    """Put targets [n, outputs] beside one another, to be fitted together: all, and who is where."""
    columns, first = {}, 0
    for name, own in outputs.items():
        columns[name] = slice(first, first + own.shape[1])
        first += own.shape[1]
    return np.concatenate(list(outputs.values()), axis=1), columns


def read_states(
    spectra: Iterable[Spectrum],
    targets: np.ndarray,
    plans: Sequence[Sequence[Fold]],
    alphas: Sequence[float],
) -> list[Readings]:
    """Fit every penalty at every state, under every plan.

    Args:
        spectra: of states 0 .. L, on the device to compute on.
        targets: float64 [n, outputs].
        plans: folds, several times.
        alphas: penalties.

    Returns:
        Readings, one for each plan.
    """
    found: list[list[_State]] = [[] for _ in plans]
    for spectrum in spectra:
        goal = torch.from_numpy(targets).to(spectrum.values)
        whole = {fold.train is None for folds in plans for fold in folds}
        fits = Fits.of(spectrum.complements(alphas), goal) if True in whole else None
        gram = spectrum.gram() if False in whole else None
        for place, folds in enumerate(plans):
            found[place].append(_read_state(fits, gram, goal, folds, alphas))
    return [
        Readings(
            np.stack([state.predictions for state in states]),
            np.stack([state.outer for state in states]),
            np.stack([state.inner for state in states]),
            [fold.held_out for fold in folds],
        )
        for states, folds in zip(found, plans, strict=True)
    ]


@dataclass(frozen=True)
class _State:
    """As `Readings`, of one state."""

    predictions: np.ndarray
    outer: np.ndarray
    inner: np.ndarray


def _read_state(
    fits: Fits | None,
    gram: Tensor | None,
    targets: Tensor,
    folds: Sequence[Fold],
    alphas: Sequence[float],
) -> _State:
    predictions = targets.new_full((len(alphas), *targets.shape), torch.nan)
    outer, inner = [], []
    for fold in folds:
        held_out, seen = (_rows(rows, targets) for rows in (fold.held_out, fold.seen))
        if fold.train is None:
            assert fits is not None
            found, within = fits.predict(held_out, seen)
            assert within is not None
        else:
            assert gram is not None and fold.train_inner is not None
            train, train_inner = (_rows(rows, targets) for rows in (fold.train, fold.train_inner))
            found = fit_few(gram, targets, train, held_out, alphas)
            within = fit_few(gram, targets, train_inner, seen, alphas)
        predictions[:, held_out] = found
        outer.append((found - targets[held_out]).square().sum(dim=1))
        inner.append((within - targets[seen]).square().sum(dim=1))
    return _State(
        predictions.cpu().numpy(),
        torch.stack(outer, dim=1).cpu().numpy(),
        torch.stack(inner, dim=1).cpu().numpy(),
    )


def _rows(numbers: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(numbers).to(like.device)
