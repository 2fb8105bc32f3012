"""Onset by the best two-level fit, and the sharpness of a rise.

The definitions of `pez.emergence.steps.find_step`, for many curves at once; see there what comes
out on known curves, and why this onset is preferred to half rise.
"""

import numpy as np

from pez.estimands.landmarks import MIN_RISE, has_risen, held, lowest, total_rise, up_to_peak


def step(curves: np.ndarray, floor: float = MIN_RISE) -> np.ndarray:
    """First state of the upper one of two constant levels, fitted by least squares.

    States after the peak count as if they had its score.

    Args:
        curves: float64 [..., S].
        floor: rise from the lowest score before the peak (or chance) that a step needs.

    Returns:
        States, float64 [...]; NaN where the peak is at state 0 or the rise is below ``floor``.
    """
    states = curves.shape[-1]
    if states < 2:
        return np.full(curves.shape[:-1], np.nan)
    level = held(curves)
    lower_sums = np.cumsum(level - level.mean(axis=-1, keepdims=True), axis=-1)[..., :-1]
    splits = np.arange(1, states)
    between = lower_sums**2 / (splits * (states - splits))
    # no split after the peak, and none whose later level is the lower one
    between = np.where(up_to_peak(curves)[..., 1:], between, -2.0)
    between = np.where((lower_sums >= 0) & (between >= 0), -1.0, between)
    return np.where(rises(curves, floor), between.argmax(axis=-1) + 1, np.nan)


def sharpness(curves: np.ndarray, floor: float = MIN_RISE) -> np.ndarray:
    """Largest rise between neighbouring states as a share of the whole rise up to the peak.

    1 for a step, 1 / (S - 1) for a straight line. Noise adds to it: compare it with what the same
    noise makes of a straight line (`ramp_sharpness`), never with 1 / (S - 1).

    Args:
        curves: float64 [..., S].
        floor: rise from the lowest score before the peak that is asked.

    Returns:
        Shares, 0 to 1, float64 [...]; NaN where `step` is.
    """
    if curves.shape[-1] < 2:
        return np.full(curves.shape[:-1], np.nan)
    risen = rises(curves, floor)
    largest = np.where(up_to_peak(curves)[..., 1:], np.diff(curves, axis=-1), -np.inf).max(axis=-1)
    total = total_rise(curves)
    return np.where(risen, largest / np.where(risen, total, 1.0), np.nan)


def ramp_sharpness(curve: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Sharpness that a straight rise would have under the bootstrap's own noise.

    The ramp runs from the first score to the peak and keeps the curve's course after it; each draw
    adds its deviation from the mean of all draws.

    Args:
        curve: scores, float64 [S].
        draws: bootstrap scores, float64 [B, S].

    Returns:
        float64 [B]; 0 where a draw of the ramp does not rise at all.
    """
    top = int(curve.argmax())
    ramp = np.r_[np.linspace(curve[0], curve[top], top + 1), curve[top + 1 :]]
    return np.nan_to_num(sharpness(ramp + draws - draws.mean(axis=0), floor=0.0), nan=0.0)


def rises(curves: np.ndarray, floor: float) -> np.ndarray:
    """Whether the peak of curves [..., S] is ``floor`` above a score before it, bool [...]."""
    return has_risen(curves, lowest(curves), floor)
