"""First score, peak, rise, and the curve that is held at its peak.

**When a curve has no onset.** Out-of-fold scores without information scatter about or below chance,
so a maximum over states is above its first score by chance alone. An onset is read only off a curve
that has risen by `MIN_RISE`, a tenth of the variance (or ten points of accuracy above one half).
`threshold` asks it of the peak itself, for which chance is the lower level, so that a curve that is
high from state 0 has the onset 0; the others ask it of the rise from the first score (`half_rise`)
or from the lowest score before the peak (`step`, `logistic`), so that a curve that is high
throughout has none. In this a score below chance counts as chance: a probe that is worse than none
holds as little as one that is as good. Where chance scatters more than `MIN_RISE` (few scenes, few
clips), hand in a higher ``floor``, such as the 95 % quantile of the maxima of permuted curves, see
`noise_floor`. With ``floor=0`` any rise counts, below chance too.
"""

import numpy as np

MIN_RISE = 0.1
_QUANTILE = 0.95


def measured(curves: np.ndarray) -> np.ndarray:
    """Whether curves [..., S] have a score at every state, bool [...]."""
    return np.isfinite(curves).all(axis=-1)


def first(curves: np.ndarray) -> np.ndarray:
    """Score at state 0 of curves [..., S], float64 [...]."""
    return np.asarray(curves, np.float64)[..., 0]


def peak(curves: np.ndarray) -> np.ndarray:
    """Highest score of curves [..., S], float64 [...]; NaN where a state has none.

    A maximum over states: above the score that its state has on average, by what noise adds.
    """
    return np.asarray(curves, np.float64).max(axis=-1)


def peak_state(curves: np.ndarray) -> np.ndarray:
    """First state with the highest score, float64 [...]; NaN where a state has none."""
    return np.where(measured(curves), curves.argmax(axis=-1), np.nan)


def rise(curves: np.ndarray) -> np.ndarray:
    """Peak minus first score of curves [..., S], float64 [...]; never below 0."""
    return peak(curves) - first(curves)


def total_rise(curves: np.ndarray) -> np.ndarray:
    """Peak minus the lowest score up to it, float64 [...]; 0 where the peak is at state 0."""
    return peak(curves) - lowest(curves)


def lowest(curves: np.ndarray) -> np.ndarray:
    """Lowest score up to the peak of curves [..., S], float64 [...]."""
    return np.where(up_to_peak(curves), curves, np.inf).min(axis=-1)


def has_risen(curves: np.ndarray, low: np.ndarray, floor: float) -> np.ndarray:
    """Whether curves [..., S] rise from ``low`` [...] to their peak by ``floor``, bool [...].

    With a ``floor`` above 0, from chance where ``low`` is below it.
    """
    base = np.maximum(low, 0.0) if floor > 0 else low
    high = peak(curves)
    return measured(curves) & (high > low) & (high - base >= floor)


def up_to_peak(curves: np.ndarray) -> np.ndarray:
    """States up to the peak, itself included, bool [..., S]."""
    return np.arange(curves.shape[-1]) <= curves.argmax(axis=-1)[..., None]


def held(curves: np.ndarray) -> np.ndarray:
    """Curves [..., S] that keep the peak's score after it: a late decline moves no onset."""
    return np.where(up_to_peak(curves), curves, peak(curves)[..., None])


def noise_floor(permuted: np.ndarray | None) -> float:
    """Rise that an onset needs: `MIN_RISE`, or the 95 % quantile of permuted maxima where higher.

    Args:
        permuted: curves with targets dealt out at random, float64 [P, S]; None: not measured.
    """
    if permuted is None or len(permuted) == 0:
        return MIN_RISE
    return max(MIN_RISE, float(np.quantile(permuted.max(axis=-1), _QUANTILE)))


def peak_draws(curve: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Bootstrap draws of the score at the peak, less what picking a maximum adds to it.

    Maxima of draws are above the truth twice over: the curve's own maximum was picked, and so is
    every draw's. So the state of the curve's peak is kept, and the optimism of picking is taken off
    (B. Efron 1983): how far, on average, the score that a draw finds at its own peak exceeds the
    curve's score at that state.

    Args:
        curve: scores, float64 [S].
        draws: bootstrap scores, float64 [B, S].

    Returns:
        float64 [B].
    """
    optimism = np.mean(peak(draws) - curve[draws.argmax(axis=-1)])
    return draws[:, curve.argmax()] - optimism


def last_state(where: np.ndarray) -> np.ndarray:
    """Last state of ``where`` (bool [..., S]), -1 where there is none: int64 [...]."""
    states = where.shape[-1]
    return np.where(where.any(axis=-1), states - 1 - where[..., ::-1].argmax(axis=-1), -1)
