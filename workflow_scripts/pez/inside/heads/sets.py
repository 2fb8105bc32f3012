"""Which heads are taken: the most local ones of every block, and others to compare them with."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import comb, prod

import numpy as np
from numpy.typing import NDArray

LOCAL = "local"  # the set whose heads look least far; others have a number
_CANDIDATES = 4096  # sets of other heads, of which those that write most nearly as much are taken
Array = NDArray[np.float64]


@dataclass(frozen=True)
class HeadSet:
    """Heads that are taken together.

    Attributes:
        name: `LOCAL`, or ``other`` and a number from 1.
        heads: of every block in turn, ascending.
        distance: mean attention distance of the heads, in the unit of the measure.
        written: what they write beyond their mean, summed, relative to the local set's.
    """

    name: str
    heads: tuple[tuple[int, ...], ...]
    distance: float
    written: float


def head_sets(
    distance: Array, written: Array, share: float, others: int, seed: int
) -> list[HeadSet]:
    """Choose the local set, and sets of as many other heads in every block.

    The others hold no local head. Of all such sets, or of many drawn where there are more, those
    are taken which together write most nearly as much as the local set.

    Args:
        distance: of every head, [blocks, heads].
        written: what every head writes beyond its mean (see `pez.inside.heads.watch`), likewise.
        share: of a block's heads that are taken: at least one, and at most half.
        others: most sets of others.
        seed: of the draws.

    Raises:
        ValueError: a block has a single head, which leaves no other.
    """
    heads = distance.shape[1]
    if heads < 2:
        raise ValueError("a block has one head: there is no other to compare it with")
    count = min(max(round(share * heads), 1), heads // 2)
    order = np.argsort(distance, axis=1, kind="stable")
    local = tuple(tuple(sorted(row[:count].tolist())) for row in order)
    left = [sorted(row[count:].tolist()) for row in order]
    amount = _sum(written, local)
    found = _candidates(left, count, seed)
    apart = [abs(_sum(written, heads) - amount) for heads in found]
    nearest = np.argsort(apart, kind="stable")[:others]
    named = [(LOCAL, local), *((f"other{n}", found[i]) for n, i in enumerate(nearest, 1))]
    whole = count * len(local)
    return [
        HeadSet(name, taken, _sum(distance, taken) / whole, _sum(written, taken) / amount)
        for name, taken in named
    ]


def _candidates(
    left: Sequence[Sequence[int]], count: int, seed: int
) -> list[tuple[tuple[int, ...], ...]]:
    """Sets with ``count`` of the heads ``left`` in every block: all of them, or many."""
    if prod(comb(len(block), count) for block in left) <= _CANDIDATES:
        return list(product(*(combinations(block, count) for block in left)))
    rng = np.random.default_rng(seed)
    drawn = (
        tuple(tuple(sorted(rng.choice(block, count, replace=False).tolist())) for block in left)
        for _ in range(_CANDIDATES)
    )
    return list(dict.fromkeys(drawn))


def _sum(values: Array, taken: Sequence[Sequence[int]]) -> float:
    return float(sum(values[block, list(heads)].sum() for block, heads in enumerate(taken)))
