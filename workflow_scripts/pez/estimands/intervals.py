"""Intervals from bootstrap draws."""

from typing import NamedTuple

import numpy as np

LEVEL = 0.9


class Band(NamedTuple):
    """Limits that hold at all states at once, float64 [S] each, and their width in deviations."""

    low: np.ndarray
    high: np.ndarray
    factor: float


def percentile(draws: np.ndarray, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval of draws [B, ...] without those that are NaN: low and high, [...].

    NaN where all draws are.
    """
    tail = (1 - level) / 2
    known = np.isfinite(draws)
    count = known.sum(axis=0)
    ordered = np.sort(np.where(known, draws, np.inf), axis=0)
    ends = []
    for share in (tail, 1 - tail):
        place = share * np.maximum(count - 1, 0)
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, np.maximum(count - 1, 0))
        low = np.take_along_axis(ordered, below[None], axis=0)[0]
        high = np.take_along_axis(ordered, above[None], axis=0)[0]
        low, high = np.where(count > 0, low, 0.0), np.where(count > 0, high, 0.0)
        ends.append(np.where(count > 0, low + (place - below) * (high - low), np.nan))
    return ends[0], ends[1]


def simultaneous_band(curve: np.ndarray, draws: np.ndarray, level: float = LEVEL) -> Band:
    """Band about ``curve`` [S] that holds at all states at once.

    As many standard deviations wide as the largest studentised deviation over states is, in a share
    ``level`` of draws [B, S] (maximum-t band, A. Davison and D. Hinkley 1997, sec. 4.2).
    """
    centre, deviation = draws.mean(axis=0), draws.std(axis=0, ddof=1)
    scale = np.where(deviation > 0, deviation, 1.0)
    factor = float(np.quantile((np.abs(draws - centre) / scale).max(axis=1), level))
    return Band(curve - factor * deviation, curve + factor * deviation, factor)


def p_above_state(curve: np.ndarray, draws: np.ndarray, state: int) -> float:
    """P of "some state is above ``state``", however that one was found.

    Compares the largest studentised difference over states with the largest one that the draws make
    of differences of 0 (maximum-t test): 5 to 7 % of flat curves of 56 conditions have .05 at most,
    and fewer of curves that lie below ``state`` elsewhere.

    Args:
        curve: scores, float64 [S].
        draws: bootstrap scores, float64 [B, S].
        state: 0 for a rise, S - 1 or -1 for a late decline.

    Returns:
        (1 + draws whose largest difference is as large) / (1 + B).
    """
    above = np.delete(curve - curve[state], state)
    drawn = np.delete(draws - draws[:, [state]], state, axis=1)
    deviation = drawn.std(axis=0, ddof=1)
    varies = deviation > 1e-9
    if not varies.any():
        return 1.0
    found = (above[varies] / deviation[varies]).max()
    null = ((drawn - drawn.mean(axis=0))[:, varies] / deviation[varies]).max(axis=1)
    return (1 + int((null >= found).sum())) / (1 + len(draws))
