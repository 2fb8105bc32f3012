"""Onset by a share of the peak: from where on a variable is readable.

It asks every state up to the peak. On a plateau whose states scatter by a tenth of its height or
more, one of them is below .8 of the highest before long, and the onset wanders: the intervals say
so, and claims that rest on it (C3, C7) are undecided then, see `pez.audit.calibration`.
"""

import numpy as np

from pez.estimands.landmarks import MIN_RISE, last_state, measured, peak, up_to_peak

SHARE = 0.8


def threshold(curves: np.ndarray, floor: float = MIN_RISE, share: float = SHARE) -> np.ndarray:
    """First state from which the score stays at or above ``share`` of the peak, up to the peak.

    The peak is measured from chance, so that a curve that is high from state 0 has the onset 0.
    The same holds of a low curve that is flat: it is as readable at state 0 as it ever gets.

    Args:
        curves: scores above chance, float64 [..., S].
        floor: height of the peak that an onset needs.
        share: of the peak, 0 to 1.

    Returns:
        States, float64 [...]; NaN where the peak stays below ``floor`` or is not above chance.
    """
    high = peak(curves)
    below = (curves < share * high[..., None]) & up_to_peak(curves)
    readable = (high > 0) & (high >= floor) & measured(curves)
    return np.where(readable, last_state(below) + 1, np.nan)
