"""Late decline, with the peak picked on other folds."""

import numpy as np


def late_decline(folds: np.ndarray) -> np.ndarray:
    """Score at the peak minus the score at the last state, the peak picked on the other folds.

    A maximum over states is above the last state by chance alone; at a state that other folds
    picked the difference is free of that (`pez.emergence.foldtests.best_over`).

    Args:
        folds: score of each fold's own held-out clips, float64 [..., folds, S]; a fold without a
            score at some state is left out.

    Returns:
        Mean over folds, float64 [...]; NaN below two folds.
    """
    whole = np.isfinite(folds).all(axis=-1)
    count = whole.sum(axis=-1)
    differences = np.take_along_axis(
        np.where(whole[..., None], folds - folds[..., -1:], 0.0), _picked(folds), axis=-1
    )[..., 0]
    mean = differences.sum(axis=-1) / np.maximum(count, 1)
    return np.where(count >= 2, mean, np.nan)


def pooled_decline(folds: np.ndarray, curve: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """`late_decline` on the scale of pooled scores, and its bootstrap draws.

    A fold's own R2 divides by the fold's own spread, which is smaller than that of all clips where
    folds hold conditions together. So the decline over folds is multiplied by what is left
    unexplained of all clips, over what is left on average of the folds. Draw b adds how far it
    deviates from the curve at the state that fold b (modulo the number of folds) picked: were it
    the mean over the picked states, noise would average out there that does not in the value, where
    each fold has its own. No true decline is below 0, so no draw is, though the value may be.

    Where no state is really above the last one, 7 to 14 % of 90 % intervals lie above 0 (5 % are
    due): a claim of a decline takes its p from `pez.estimands.intervals.p_above_state` instead.

    Args:
        folds: float64 [folds, S].
        curve: pooled scores, float64 [S].
        draws: the same under bootstrap weights, float64 [B, S].

    Returns:
        Value and draws, float64 [1 + B].
    """
    whole = folds[np.isfinite(folds).all(axis=-1)]
    if len(whole) < 2:
        return np.full(1 + len(draws), np.nan)
    left_in_folds = (1 - whole).sum() / len(whole)
    scale = (1 - curve).sum() / left_in_folds if left_in_folds > 0 else 1.0
    picked = np.resize(_picked(whole)[:, 0], len(draws))
    drawn = draws[np.arange(len(draws)), picked] - draws[:, -1]
    value = scale * late_decline(folds)
    return np.r_[value, np.maximum(value + drawn - (curve[picked] - curve[-1]), 0.0)]


def _picked(folds: np.ndarray) -> np.ndarray:
    """Best state on the sum of the other whole folds, int64 [..., folds, 1]."""
    whole = np.isfinite(folds).all(axis=-1, keepdims=True)
    known = np.where(whole, folds, 0.0)
    return (known.sum(axis=-2, keepdims=True) - known).argmax(axis=-1)[..., None]
