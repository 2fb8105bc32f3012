"""Estimands by name, and all of them for one curve with its bootstrap draws."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from pez.estimands.half_rise import half_rise
from pez.estimands.intervals import LEVEL, percentile
from pez.estimands.landmarks import MIN_RISE, first, peak, peak_draws, peak_state, rise
from pez.estimands.late_decline import pooled_decline
from pez.estimands.logistic import logistic, logistic_inflection, logistic_width
from pez.estimands.step import sharpness, step
from pez.estimands.threshold import threshold

Function = Callable[[np.ndarray, float], np.ndarray]
# Estimands that need one curve alone: name -> function of (curves [..., S], floor) -> [...].
ESTIMANDS: Mapping[str, Function] = {
    "first": lambda curves, floor: first(curves),
    "peak": lambda curves, floor: peak(curves),
    "peak_state": lambda curves, floor: peak_state(curves),
    "rise": lambda curves, floor: rise(curves),
    "half_rise": half_rise,
    "threshold": threshold,
    "step": step,
    "sharpness": sharpness,
    "logistic_inflection": logistic_inflection,
    "logistic_width": logistic_width,
}
ONSETS = ("half_rise", "threshold", "step", "logistic_inflection")  # states; may not exist


class Estimate(NamedTuple):
    """One estimand of one curve.

    Attributes:
        value: on the curve itself; NaN: it has none.
        low, high: percentile interval over the draws that have one; NaN where none has.
        none_share: share of draws that have none.
    """

    value: float
    low: float
    high: float
    none_share: float


class Estimated(NamedTuple):
    """Every estimand of one curve and of its draws.

    Attributes:
        names: of the columns: those of `ESTIMANDS`, and ``late_decline``.
        values: of the curve itself and of every draw, float64 [1 + B, estimands]; NaN: none.
    """

    names: tuple[str, ...]
    values: np.ndarray

    def draws(self, names: Sequence[str]) -> np.ndarray:
        """Values of some estimands in every draw, float64 [estimands, B]."""
        return self.values[1:, [self.names.index(name) for name in names]].T

    def intervals(self, level: float = LEVEL) -> dict[str, Estimate]:
        """Every estimand with its percentile interval."""
        low, high = percentile(self.values[1:], level)
        missing = np.isnan(self.values[1:]).mean(axis=0)
        rows = zip(self.values[0], low, high, missing, strict=True)
        return {
            name: Estimate(*map(float, row)) for name, row in zip(self.names, rows, strict=True)
        }


def estimate(
    scores: np.ndarray,
    draws: np.ndarray,
    folds: np.ndarray | None = None,
    *,
    floor: float = MIN_RISE,
) -> Estimated:
    """Every estimand of a curve and of its draws.

    Args:
        scores: above chance, float64 [S].
        draws: the same under bootstrap weights, float64 [B, S].
        folds: scores of single folds, float64 [folds, S], for the late decline; None: without it.
        floor: rise that an onset needs, see `pez.estimands.landmarks`.

    Returns:
        Their values. Draws of ``peak`` and ``rise`` are free of picking
        (`pez.estimands.landmarks.peak_draws`), the curve's own are not: with many states alike the
        value may lie above its interval.
    """
    curves = np.vstack([scores, draws])
    inflection, width = logistic(curves, floor)  # one fit for both
    fitted = {"logistic_inflection": inflection, "logistic_width": width}
    names = list(ESTIMANDS)
    found = [fitted[name] if name in fitted else ESTIMANDS[name](curves, floor) for name in names]
    if folds is not None:
        names.append("late_decline")
        found.append(pooled_decline(folds, scores, draws))
    values = np.stack(found, axis=1)
    at_peak = peak_draws(scores, draws)
    values[1:, names.index("peak")] = at_peak
    values[1:, names.index("rise")] = at_peak - draws[:, 0]
    return Estimated(tuple(names), values)
