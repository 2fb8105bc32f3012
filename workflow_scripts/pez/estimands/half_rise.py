"""Onset by half rise."""

import numpy as np

from pez.estimands.landmarks import MIN_RISE, first, has_risen, last_state, peak, up_to_peak


def half_rise(curves: np.ndarray, floor: float = MIN_RISE) -> np.ndarray:
    """First state from which the score stays at or above half of its rise, up to the peak.

    Half of the rise is the midpoint between state 0 and the peak, as in
    `pez.emergence.steps.half_rise`, with which this agrees for ``floor=0``. On a curve with a
    plateau at half height it is a coin toss, see there.

    Args:
        curves: float64 [..., S].
        floor: rise from state 0 (or chance) to the peak that an onset needs.

    Returns:
        States, float64 [...]; NaN where the curve does not rise by ``floor``, or not at all.
    """
    low, high = first(curves), peak(curves)
    below = (curves < ((low + high) / 2)[..., None]) & up_to_peak(curves)
    return np.where(has_risen(curves, low, floor), last_state(below) + 1, np.nan)
