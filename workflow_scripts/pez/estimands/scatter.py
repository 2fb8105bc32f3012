"""Scatter from state to state that the bootstrap does not know.

Draws reweight predictions that are what they are. A probe fitted to other clips would have other
weights at every state, and neighbouring states scatter by that as well: on planted networks, their
differences vary 1.4 to 2.7 times as much as their draws do, while single scores vary alike. So
whatever compares states of one curve (a peak with the last state, an onset) would be too sure.

The curve itself tells: where it is smooth, its second differences are noise. What they have beyond
the draws is put into the draws, as noise of its own at every state. The largest change from one
state to the next is left out, and of the rest the median is taken, so that a step or two does not
count; a curve that is rough everywhere gets wide intervals.
"""

import numpy as np

_MEDIAN_SQUARE = 0.4549  # median of a squared standard normal variable
_FEWEST = 4  # second differences to take a median of


def excess_scatter(curve: np.ndarray, draws: np.ndarray) -> float:
    """Standard deviation of the scatter that ``draws`` lack, in the unit of the scores.

    Args:
        curve: scores, float64 [S].
        draws: bootstrap scores, float64 [B, S].

    Returns:
        0 where draws scatter as much as the curve, or there are too few states to tell.
    """
    if len(curve) < _FEWEST + 2:  # one state, where features have no depth
        return 0.0
    bends = np.diff(curve, n=2)
    step = int(np.abs(np.diff(curve)).argmax())
    states = np.arange(len(bends))
    smooth = states[(states != step) & (states != step - 1)]
    if len(smooth) < _FEWEST:
        return 0.0
    known = float(np.median(np.diff(draws, n=2, axis=1)[:, smooth].var(axis=0)))
    found = float(np.median(bends[smooth] ** 2)) / _MEDIAN_SQUARE
    return float(np.sqrt(max(found - known, 0.0) / 6))  # 6: 1 + 4 + 1, of independent noise


def scattered(curve: np.ndarray, draws: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return ``draws`` [B, S] with the scatter that they lack, see `excess_scatter`."""
    size = excess_scatter(curve, draws)
    return draws + size * np.random.default_rng(seed).normal(size=draws.shape)
