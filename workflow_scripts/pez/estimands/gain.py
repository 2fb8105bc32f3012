"""What training adds to a curve, and from where on."""

import numpy as np

from pez.estimands.landmarks import MIN_RISE
from pez.estimands.threshold import SHARE, threshold


def gain(trained: np.ndarray, untrained: np.ndarray) -> np.ndarray:
    """Trained minus mean untrained score at every state.

    Args:
        trained: float64 [..., S].
        untrained: curves of the untrained networks, float64 [seeds, ..., S]; a bootstrap draw has
            the same weights in all of them.

    Returns:
        float64 [..., S].
    """
    return trained - untrained.mean(axis=0)


def gain_onset(
    trained: np.ndarray, untrained: np.ndarray, floor: float = MIN_RISE, share: float = SHARE
) -> np.ndarray:
    """Onset of `gain` by `pez.estimands.threshold.threshold`, float64 [...]; NaN without one."""
    return threshold(gain(trained, untrained), floor, share)
