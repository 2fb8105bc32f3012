"""Step against ramp: how well each family of shapes predicts a state that it did not see.

Fits are base + height * shape with a height of 0 or more, so that every family holds the constant.
Both are chosen without the left-out state, by one matrix product for each state.

A step is never seen better than this: without state k a step to k and a step to k + 1 are the same,
and the prediction there is their mean, half of the height off. A ramp over two states does as well.
So a step family that is not worse than the others is what an abrupt curve looks like.
"""

import numpy as np

from pez.estimands.grids import left_out
from pez.estimands.landmarks import held, measured, up_to_peak

FAMILIES = ("step", "ramp", "logistic")
_FEWEST = 4


def shape_errors(curves: np.ndarray) -> np.ndarray:
    """Leave-one-state-out error of step, ramp and logistic fits.

    States after the peak count as if they had its score in the fits; errors are those of the states
    up to the peak, since a state that only repeats the peak is no test.

    Args:
        curves: float64 [..., S], S of 4 or more.

    Returns:
        Root mean squared errors, float64 [..., 3] in the order of `FAMILIES`, in the unit of the
        scores; NaN for curves that are not measured at every state.

    Raises:
        ValueError: fewer than four states.
    """
    states = curves.shape[-1]
    if states < _FEWEST:
        raise ValueError(f"{states} states are too few to leave one out: {_FEWEST} are needed.")
    flat = held(curves).reshape(-1, states)
    squared = np.stack([_gaps(flat, family) for family in FAMILIES], axis=1) ** 2
    counted = up_to_peak(curves).reshape(-1, 1, states)
    errors = np.sqrt((squared * counted).sum(axis=2) / counted.sum(axis=2))
    errors[~measured(curves).reshape(-1)] = np.nan
    return errors.reshape(*curves.shape[:-1], len(FAMILIES))


def _gaps(curves: np.ndarray, family: str) -> np.ndarray:
    """Score minus prediction from the other states, at every state of curves [m, S]."""
    states = curves.shape[1]
    gaps = np.empty_like(curves)
    for state, (basis, value) in enumerate(left_out(family, states)):
        mean = (curves.sum(axis=1) - curves[:, state]) / (states - 1)
        heights = curves @ basis.T
        best = heights.argmax(axis=1)
        height = np.maximum(heights[np.arange(len(curves)), best], 0.0)  # 0: the constant
        gaps[:, state] = curves[:, state] - mean - height * value[best]
    return gaps
