"""Grids of shapes between 0 and 1 over the states: steps, ramps, logistic curves.

A least-squares fit of base + height * shape is a projection once the shape is centred and scaled to
length 1 (`Shapes.basis`), so that one matrix product fits all shapes of a grid to all curves.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import expit

_ROUNDING = 1e-9
LOGISTIC_SPACING = 0.25  # states between inflections
LOGISTIC_WIDTHS = 12  # from NARROWEST to twice the number of blocks, evenly in the logarithm
NARROWEST = 0.5  # states; what is narrower is a step on whole states
_WIDTH = 2 * np.log(9)  # 10 to 90 % of expit, in its own unit


@dataclass(frozen=True)
class Shapes:
    """Shapes of one family.

    Attributes:
        basis: centred, of length 1, float64 [G, S].
        parameters: nonlinear parameters of every shape in states, float64 [G, 2].
    """

    basis: np.ndarray
    parameters: np.ndarray

    def without(self, state: int) -> tuple[np.ndarray, np.ndarray]:
        """Fit without one state.

        Shapes that only this state would tell apart (steps to it and to the next one) are one
        shape, whose value there is the mean of theirs.

        Returns:
            Basis on the other states with 0 in place of ``state``, float64 [G', S], and what each
            shape has at ``state``, from its mean over the others, in the same unit, float64 [G'].
        """
        others = np.arange(self.basis.shape[1]) != state
        mean = self.basis[:, others].mean(axis=1, keepdims=True)
        centred = np.where(others, self.basis - mean, 0.0)
        length = np.linalg.norm(centred, axis=1)
        varies = length > _ROUNDING
        centred = centred[varies] / length[varies, None]
        value = (self.basis[varies, state] - mean[varies, 0]) / length[varies]
        rounded = np.round(centred / _ROUNDING).astype(np.int64)
        _, kept, same = np.unique(rounded, axis=0, return_index=True, return_inverse=True)
        same = same.reshape(-1)
        return centred[kept], np.bincount(same, value) / np.bincount(same)


@cache
def steps(states: int) -> Shapes:
    """Two levels; parameters: first state of the upper one, and the same again."""
    at = np.arange(1, states)
    return _shapes((np.arange(states) >= at[:, None]).astype(float), np.stack([at, at], axis=1))


@cache
def ramps(states: int) -> Shapes:
    """Level, straight rise, level; parameters: last state of the first, first of the second.

    The rise takes two states or more: in one it would be a step.
    """
    low, high = np.triu_indices(states, 2)
    position = (np.arange(states) - low[:, None]) / (high - low)[:, None]
    return _shapes(np.clip(position, 0.0, 1.0), np.stack([low, high], axis=1))


@cache
def logistics(states: int) -> Shapes:
    """Logistic curves; parameters: inflection, and width from 10 to 90 %.

    Inflections keep half a state from both ends: beyond that, a curve is told from others by its
    base alone, which is free.
    """
    inflections = np.arange(0.5, states - 1.5 + LOGISTIC_SPACING / 2, LOGISTIC_SPACING)
    widths = np.geomspace(NARROWEST, max(2.0 * (states - 1), 1.0), LOGISTIC_WIDTHS)
    pairs = np.stack(np.meshgrid(inflections, widths, indexing="ij"), axis=-1).reshape(-1, 2)
    position = (np.arange(states) - pairs[:, :1]) / pairs[:, 1:]
    return _shapes(expit(_WIDTH * position), pairs)


@cache
def left_out(family: str, states: int) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """`Shapes.without` for every state; ``family`` is ``step``, ``ramp`` or ``logistic``."""
    shapes = {"step": steps, "ramp": ramps, "logistic": logistics}[family](states)
    return tuple(shapes.without(state) for state in range(states))


def _shapes(values: np.ndarray, parameters: np.ndarray) -> Shapes:
    centred = values - values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return Shapes(centred / length, parameters.astype(np.float64))
