"""What is read off a number that every head of every block has on every clip.

Layer means are means over heads. Specialisation of a block is the standard deviation over its
heads (population: divided by their number) of the heads' means over clips. Intervals are from
draws over conditions (`pez.estimands.bootstrap`), the same for all blocks, heads and networks.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pez.estimands.intervals import percentile
from pez.inside.depth import blocks_within

PEZ_DEPTH = (0.25, 0.45)  # of the output of a block, as a share of all blocks

Array = NDArray[np.float64]


class Interval(NamedTuple):
    """A value and its 90 % interval over draws."""

    value: float
    low: float
    high: float


def head_means(values: Array, weights: Array | None = None) -> Array:
    """Means over clips of values [n, L, H]: [L, H], or [B, L, H] under weights [B, n]."""
    if weights is None:
        return values.mean(axis=0)
    sums = np.einsum("bn,nlh->blh", weights, values, optimize=True)
    return sums / weights.sum(axis=1)[:, None, None]


def specialisation(means: Array) -> Array:
    """Population standard deviation over heads of means [..., L, H]: [..., L]."""
    return means.std(axis=-1)


def pez_blocks(blocks: int) -> NDArray[np.bool_]:
    """Blocks whose output lies within `PEZ_DEPTH`, bool [L]; none in a very shallow network."""
    return np.isin(np.arange(blocks), blocks_within(PEZ_DEPTH, blocks))


def contrast(curve: Array, inside: NDArray[np.bool_]) -> Array:
    """Mean over the blocks ``inside`` less the mean over the others, of curves [..., L]."""
    return curve[..., inside].mean(axis=-1) - curve[..., ~inside].mean(axis=-1)


def interval(value: float | np.floating | Array, draws: Array) -> Interval:
    """``value``, a single one, with the percentile interval of ``draws`` [B]."""
    low, high = percentile(draws)
    return Interval(float(value), float(low), float(high))


class Peak(NamedTuple):
    """Where a curve is largest.

    Attributes:
        block: of the curve itself, with the interval over draws.
        inside: share of draws in which it is one of the blocks asked about.
    """

    block: Interval
    inside: float


def peak(curve: Array, draws: Array, inside: NDArray[np.bool_]) -> Peak:
    """Where ``curve`` [L] and its draws [B, L] are largest; the first block where several are."""
    drawn = draws.argmax(axis=1)
    found = interval(float(curve.argmax()), drawn.astype(float))
    return Peak(found, float(inside[drawn].mean()))
