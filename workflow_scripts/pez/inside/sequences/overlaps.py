"""Overlaps of the subspaces of two variables, and of one with itself from other clips."""

from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement

import pandas as pd

from pez.inside.kinds.probe_sequences import Section
from pez.inside.sequences.arms import Bases
from pez.inside.sequences.names import OTHER, SAME
from pez.inside.sequences.subspaces import against_random, principal_cosines
from pez.inside.sequences.within import SUFFIX, Within

_WITHIN = ("mean_angle", "smallest_angle", "z_overlap", "p")  # metrics


def overlap_rows(
    spec: Section, bases: Sequence[Bases], width: int, within: Within | None
) -> pd.DataFrame:
    """Hold every pair of subspaces against random ones of their dimensions.

    Pairs from the same clips (as the paper has them; not for one variable with itself), and from
    clips that have none in common: the first half of one, the second half of the other.

    Args:
        spec: the measurement.
        bases: subspaces of all variables.
        width: dimensions of the features.
        within: if given, pairs are also compared in features whitened by it; names of these metrics
            end in `SUFFIX`.
    """
    rows = []
    for one, other in _pairs(bases):
        number = len(one.found) // one.states
        for state in range(one.states):
            for split in _splits(one, number):
                first, second = one.of(state, split[0]), other.of(state, split[1])
                sizes = (first.shape[1], second.shape[1])
                cosines = principal_cosines(first, second)
                found = against_random(cosines, *sizes, width, spec.haar, spec.split_seed)
                if within is not None:
                    there = principal_cosines(within(first, state), within(second, state))
                    again = against_random(there, *sizes, width, spec.haar, spec.split_seed)
                    found = {**found, **{f"{name}{SUFFIX}": again[name] for name in _WITHIN}}
                rows += [
                    (one.variable, other.variable, one.solver, one.clips, state, split[0], *pair)
                    for pair in found.items()
                ]
    names = ["variable", "against", "solver", "arm", "state", "split", "metric", "value"]
    return pd.DataFrame(rows, columns=names).assign(what="overlap", number=0)


def _pairs(bases: Sequence[Bases]) -> Iterator[tuple[Bases, Bases]]:
    for one, other in combinations_with_replacement(bases, 2):
        alike = (one.solver, one.clips) == (other.solver, other.clips)
        if alike and (one is not other or one.clips == OTHER):
            yield one, other


def _splits(one: Bases, number: int) -> list[tuple[int, int]]:
    """Which split of the one is compared with which of the other."""
    if one.clips == SAME:
        return [(split, split) for split in range(number)]
    return [(split, split + 1) for split in range(0, number, 2)]
