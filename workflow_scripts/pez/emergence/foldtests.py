"""Yes, no or undecided over the folds of a curve, with a stated rate of error.

Every question is about differences within a fold (best layer minus first, model minus control), so
that what makes a fold hard at every layer cancels. If nothing is there, such a difference is as
likely positive as negative, whatever its size and however the layers hang together: turning the
signs of whole folds over gives the null distribution. Where the layer is picked, the statistic is
the maximum over layers, before and after the turn, so that picking is paid for.

Error rate: a flat curve is called rising in at most `ALPHA` of cases. Five folds can say so at 1
of 32 only, fewer than `MIN_FOLDS` not at all: those are undecided. Assumed is that the differences
are symmetric about their mean and that folds err independently. Two things are measured rather than
derived (``tests/emergence/test_error_rates.py``): layers that are behind in every fold are no
candidates for a maximum, since turned over they would be far ahead and hide everything; and the
folds of a cross-validation share training clips. Neither brings the rate above `ALPHA`.
"""

import itertools
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

Verdict = Literal["yes", "no", "undecided"]

ALPHA = 0.05  # one-sided
MIN_FOLDS = 5  # 2**-5 < ALPHA < 2**-4
_EXACT_FOLDS = 12  # up to here every pattern of signs is tried
_PATTERNS = 2**_EXACT_FOLDS
_ROUNDING = 1e-9  # of scores (of the order of 1) and of statistics; less is no difference


@dataclass(frozen=True)
class FoldTest:
    """Whether a difference is positive.

    Attributes:
        estimate: mean over folds; NaN where nothing was measured.
        spread: sample standard deviation over folds; NaN below two.
        p: one-sided; NaN below `MIN_FOLDS` folds.
        interval: limits of the mean, `ALPHA` beyond each; None below `MIN_FOLDS` folds and where
            the layer is picked.
        folds: number of folds used: those with a score at every layer that has any.
    """

    estimate: float
    spread: float
    p: float
    interval: tuple[float, float] | None
    folds: int

    @property
    def verdict(self) -> Verdict:
        """Yes: positive, wrongly so in at most `ALPHA` of cases. No: not shown, which is no proof
        of the opposite. Undecided: too few folds to show anything.
        """
        if np.isnan(self.p):
            return "undecided"
        return "yes" if self.p <= ALPHA else "no"

    @property
    def holds(self) -> bool | None:
        """`verdict` as true, false or None."""
        return {"yes": True, "no": False, "undecided": None}[self.verdict]


def unpaired(difference: float) -> FoldTest:
    """What is known of a difference of means whose folds do not correspond: undecided."""
    return FoldTest(difference, float("nan"), float("nan"), None, 0)


def paired(differences: np.ndarray) -> FoldTest:
    """Test whether the mean of ``differences`` (float [folds], NaN left out) is positive.

    For a difference fixed in advance, at a layer that was not picked by its score. The interval
    holds all means that the same test would not refuse (typical values, J. A. Hartigan 1969).
    """
    finite = _without_rounding(differences[np.isfinite(differences)])
    if len(finite) < MIN_FOLDS:
        return _untested(finite, len(finite))
    signs = _signs(len(finite))
    p = float(_tail(signs @ finite[:, None])[0])
    limits = (_lower_limit(finite, signs), -_lower_limit(-finite, signs))
    return FoldTest(float(finite.mean()), float(finite.std(ddof=1)), p, limits, len(finite))


def best_over(scores: np.ndarray, reference: int) -> FoldTest:
    """Test whether any layer scores higher than layer ``reference``, however it was found.

    The estimate is free of picking too: in every fold it is taken at the layer that is best on the
    mean of the other folds. The p value is that of the maximum over layers of the mean difference.
    Layers with an unusual scatter would swamp a maximum; differences are divided by their root mean
    square over folds, or by the median of these where that is larger, which turning signs leaves as
    it is.

    Args:
        scores: float [layers, folds]; NaN where a fold is degenerate.
        reference: the layer to be exceeded: the first for a rise, the last for a late decline.
    """
    complete = _complete_folds(scores)
    differences = _without_rounding(complete - complete[reference])
    folds = complete.shape[1]
    if folds == 0 or np.isnan(complete[reference]).any():
        return unpaired(float("nan"))
    fold_differences = _picked_elsewhere(complete, differences)
    if folds < MIN_FOLDS:
        return _untested(fold_differences, folds)
    others = np.delete(differences, reference, axis=0)
    others = others[_may_be_ahead(others)]
    p = 1.0
    if len(others):
        scale = _root_mean_square(others)
        scaled = others / _positive(np.maximum(scale, np.median(scale)))
        p = float(_tail((_signs(folds) @ scaled.T).max(axis=1, keepdims=True))[0])
    spread = float(fold_differences.std(ddof=1))
    return FoldTest(float(fold_differences.mean()), spread, p, None, folds)


def layers_above(differences: np.ndarray) -> np.ndarray | None:
    """Layers at which a curve lies above another one, decided for all layers together.

    The chance that even one layer is named wrongly is at most `ALPHA`: step-down maximum
    (P. Westfall and S. Young 1993) of the mean in units of the root mean square over folds, so that
    layers with a large scatter do not hide others.

    Args:
        differences: float [layers, folds], one curve minus the other in the same folds.

    Returns:
        bool [layers]; None below `MIN_FOLDS` folds.
    """
    complete = _without_rounding(_complete_folds(differences))
    folds = complete.shape[1]
    if folds < MIN_FOLDS:
        return None
    above = np.zeros(len(complete), bool)
    candidates = np.flatnonzero(_may_be_ahead(complete))
    rows = complete[candidates]
    statistics = _signs(folds) @ (rows / _positive(_root_mean_square(rows))).T
    order = statistics[0].argsort()[::-1]
    for done, best in enumerate(order):
        if _tail(statistics[:, order[done:]].max(axis=1, keepdims=True))[0] > ALPHA:
            break
        above[candidates[best]] = True
    return above


def _untested(differences: np.ndarray, folds: int) -> FoldTest:
    finite = differences[np.isfinite(differences)]
    mean = float(finite.mean()) if len(finite) else float("nan")
    spread = float(finite.std(ddof=1)) if len(finite) > 1 else float("nan")
    return FoldTest(mean, spread, float("nan"), None, folds)


def _complete_folds(scores: np.ndarray) -> np.ndarray:
    """Folds with a score at every layer that has any: float [layers, folds]."""
    measured = np.isfinite(scores).any(axis=1)
    if not measured.any():
        return scores[:, :0]
    return scores[:, np.isfinite(scores[measured]).all(axis=0)]


def _picked_elsewhere(scores: np.ndarray, differences: np.ndarray) -> np.ndarray:
    """Difference of every fold at the best layer of the other folds, float [folds].

    NaN for a single fold, which has no others.
    """
    folds = scores.shape[1]
    if folds < 2:
        return np.full(folds, np.nan)
    others = scores.sum(axis=1, keepdims=True) - scores
    return differences[np.nanargmax(others, axis=0), np.arange(folds)]


@cache
def _signs(folds: int) -> np.ndarray:
    """Patterns of signs, float [patterns, folds], all positive first.

    All patterns up to `_EXACT_FOLDS` folds, else a fixed random part, with which the test is exact
    as well.
    """
    if folds <= _EXACT_FOLDS:
        return np.array(list(itertools.product((1.0, -1.0), repeat=folds)))
    drawn = np.random.default_rng(folds).choice((1.0, -1.0), (_PATTERNS, folds))
    drawn[0] = 1.0
    return drawn


def _tail(statistics: np.ndarray) -> np.ndarray:
    """Share of patterns whose statistic reaches that of the first, float [columns]."""
    reached = statistics[0] - _ROUNDING * np.abs(statistics).max(axis=0)
    return (statistics >= reached).mean(axis=0)


def _lower_limit(values: np.ndarray, signs: np.ndarray) -> float:
    """Smallest mean that the one-sided test on ``values`` (float [folds]) does not refuse.

    A pattern reaches the observed sum if the values that it turns have a mean of at most zero;
    shifted by mu, of at most mu. So the limit is an order statistic of those means.
    """
    turned = signs < 0
    counts = turned.sum(axis=1)
    means = np.where(counts > 0, (turned @ values) / np.maximum(counts, 1), -np.inf)
    return float(np.sort(means)[int(ALPHA * len(signs))])


def _without_rounding(differences: np.ndarray) -> np.ndarray:
    """Zero where there is no more than rounding, or scaling would blow it up."""
    return np.where(np.abs(differences) <= _ROUNDING, 0.0, differences)


def _may_be_ahead(rows: np.ndarray) -> np.ndarray:
    """Rows (float [rows, folds]) that are measured and not behind in every fold, bool [rows]."""
    return np.any(rows >= 0, axis=1)


def _root_mean_square(rows: np.ndarray) -> np.ndarray:
    return np.sqrt((rows**2).mean(axis=1, keepdims=True))


def _positive(scale: np.ndarray) -> np.ndarray:
    """``scale`` with 1 for 0, where there is nothing to divide."""
    return np.where(scale > 0, scale, 1.0)
