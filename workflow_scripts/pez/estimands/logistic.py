"""Inflection and width of the logistic curve that fits best."""

import numpy as np

from pez.estimands.grids import logistics
from pez.estimands.landmarks import MIN_RISE, held
from pez.estimands.step import rises

_CHUNK = 500  # curves whose products are in memory at once


def logistic(curves: np.ndarray, floor: float = MIN_RISE) -> tuple[np.ndarray, np.ndarray]:
    """Fit base + height * logistic by least squares, height above 0, over a grid of shapes.

    States after the peak count as if they had its score. Inflections are a quarter of a state
    apart within states .5 .. S - 1.5, widths a factor 1.4 to 1.5 apart: that is the resolution.

    Args:
        curves: float64 [..., S].
        floor: rise from the lowest score before the peak that a fit needs.

    Returns:
        Inflection and width from 10 to 90 % of the height, in states, float64 [...] each; NaN where
        the curve does not rise by ``floor``. A width of `pez.estimands.grids.NARROWEST` means "at
        most that": on whole states it is a step.
    """
    states = curves.shape[-1]
    if states < 2:
        return np.full(curves.shape[:-1], np.nan), np.full(curves.shape[:-1], np.nan)
    shapes = logistics(states)
    flat = held(curves).reshape(-1, states)
    best = np.concatenate(
        [
            (flat[begin : begin + _CHUNK] @ shapes.basis.T).argmax(axis=1)
            for begin in range(0, len(flat), _CHUNK)
        ]
    )
    found = shapes.parameters[best].reshape(*curves.shape[:-1], 2)
    found = np.where(rises(curves, floor)[..., None], found, np.nan)
    return found[..., 0], found[..., 1]


def logistic_inflection(curves: np.ndarray, floor: float = MIN_RISE) -> np.ndarray:
    """Inflection alone, see `logistic`."""
    return logistic(curves, floor)[0]


def logistic_width(curves: np.ndarray, floor: float = MIN_RISE) -> np.ndarray:
    """Width alone, see `logistic`."""
    return logistic(curves, floor)[1]
