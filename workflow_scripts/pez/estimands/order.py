"""Which of two onsets comes first, draw by draw.

A variable without an onset comes after every variable that has one: its difference is infinite, and
an interval that reaches infinity says so. Where neither has one the order is open (NaN): such a
draw speaks against whatever is claimed, and widens an interval at both ends.
"""

from typing import NamedTuple

import numpy as np


class Equivalence(NamedTuple):
    """Result of two one-sided tests (D. Schuirmann 1987) against limits of +- margin.

    Attributes:
        low, high: interval of the difference; infinite where onsets are missing.
        p: the larger one of the two p values.
    """

    low: float
    high: float
    p: float


def difference(later: np.ndarray, earlier: np.ndarray) -> np.ndarray:
    """Onset ``later`` minus onset ``earlier``, in states.

    Args:
        later: onsets, float64 [...]; NaN without one.
        earlier: the same; draw by draw under the same weights where the curves share their clips.

    Returns:
        float64 [...]: inf where only ``later`` has no onset, -inf where only ``earlier`` has none,
        NaN where neither has one.
    """
    no_later, no_earlier = np.isnan(later), np.isnan(earlier)
    plain = np.where(no_later, 0.0, later) - np.where(no_earlier, 0.0, earlier)
    known = np.where(no_later, np.inf, np.where(no_earlier, -np.inf, plain))
    return np.where(no_later & no_earlier, np.nan, known)


def order_interval(differences: np.ndarray, level: float = 0.9) -> tuple[float, float]:
    """Percentile interval of ``differences`` [B] that counts open draws at both ends.

    Ends are differences that occur; nothing is interpolated between states.
    """
    tail = (1 - level) / 2
    lowest = np.where(np.isnan(differences), -np.inf, differences)
    highest = np.where(np.isnan(differences), np.inf, differences)
    low = np.quantile(lowest, tail, method="inverted_cdf")
    high = np.quantile(highest, 1 - tail, method="higher")
    return float(low), float(high)


def p_above(differences: np.ndarray, limit: float = 0.0) -> float:
    """One-sided p of "the difference is above ``limit``": share of draws [B] that are not.

    (1 + draws) / (1 + B), since the observed case counts as a draw of its own.
    """
    against = len(differences) - int((differences > limit).sum())
    return (1 + against) / (1 + len(differences))


def p_at_most(differences: np.ndarray, limit: float) -> float:
    """One-sided p of "the difference is ``limit`` or less" (non-inferiority), from draws [B]."""
    against = len(differences) - int((differences <= limit).sum())
    return (1 + against) / (1 + len(differences))


def equivalent(differences: np.ndarray, margin: float = 1.0, level: float = 0.9) -> Equivalence:
    """Test whether the difference lies within +- ``margin`` states, from draws [B].

    An interval of ``level`` .9 inside the limits and p of .05 at most are the same.
    """
    low, high = order_interval(differences, level)
    p = max(p_at_most(differences, margin), p_at_most(-differences, margin))
    return Equivalence(low, high, p)
