"""Scores of one network, and the rows that are drawn of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pez.estimands.intervals import percentile
from pez.inside.ablation.readings import FROZEN, RECENTRED
from pez.inside.patches.arrays import Array, Half, Reads
from pez.inside.patches.rows import BY_PATH, BY_START, PATCH, PIXELS, POOLED, TOKENS, TRACK
from pez.inside.patches.scores import (
    READABLE,
    correlation,
    distance_classes,
    far_scores,
    mean_scores,
    pair_scores,
    patch_scores,
)
from pez.inside.patches.verdict import Halves, Scores, asked_state

CURVE, LEVEL, MAP, PROFILE, ASKED = "curve", "level", "map", "profile", "asked"  # kinds of rows
ALL = "all"  # pairs of halves
WITHIN, ACROSS = "within", "across"  # readings of halves, beside `RECENTRED`
TOUCHED = "touched"  # what of a map
COLUMNS = (
    "kind", "what", "pair", "reading", "state", "row", "column", "distance", "value", "low", "high",
)  # fmt: skip
HALVES = {
    TOKENS: "tokens of opposite halves of the frame",
    BY_PATH: "clips whose balls stay in opposite halves",
    BY_START: "clips whose balls start in opposite halves",
}
_Row = dict[str, object]


@dataclass(frozen=True)
class Scored:
    """Scores of one network; each [1 + B, S] unless it says otherwise, S = 1 of what has no depth.

    Attributes:
        courses: ``patch_mean``, ``patch_median``, ``patch_share``, ``pooled``, ``far``; and
            ``with_visits``, the correlation over patches with how often the ball was there.
        levels: ``patch_mean`` and ``far`` of `PIXELS` and `TRACK`.
        patches: of every patch, by what is read, [1 + B, S, P].
        profiles: by distance, by what is read, [1 + B, S, K].
        halves: by kind, of those that were read.
    """

    courses: Mapping[str, Scores]
    levels: Mapping[str, Mapping[str, Scores]]
    patches: Mapping[str, Array]
    profiles: Mapping[str, Array]
    halves: Mapping[str, Halves]


def scored(reads: Reads, weights: Array, edges: Sequence[float], far: float) -> Scored:
    """Score what was read in a network.

    Args:
        reads: answers in it.
        weights: of the clips, [1 + B, n].
        edges: where classes of distance begin, patches.
        far: distance that counts as away, patches.
    """
    targets, classes = reads.targets, distance_classes(reads.distance, edges)
    patches = {
        read: patch_scores(targets, answers, weights) for read, answers in reads.by_patch.items()
    }
    away = {read: far_scores(reads, read, far, weights) for read in reads.by_patch}
    of_stream = patches[PATCH]
    return Scored(
        courses={
            "patch_mean": of_stream.mean(axis=2),
            "patch_median": np.median(of_stream, axis=2),
            "patch_share": (of_stream > READABLE).mean(axis=2),
            POOLED: patch_scores(targets, reads.pooled[:, None], weights)[..., 0],
            "far": away[PATCH],
            "with_visits": correlation(of_stream, _visits(reads)),
        },
        levels={
            read: {"patch_mean": patches[read].mean(axis=2), "far": away[read]}
            for read in (PIXELS, TRACK)
        },
        patches=patches,
        profiles={
            read: pair_scores(targets, answers, classes, weights)
            for read, answers in reads.by_patch.items()
        },
        halves={
            read: _halves(words, own, targets, weights)
            for read, words in HALVES.items()
            if (own := [one for one in reads.halves if one.read == read])
        },
    )


def _halves(words: str, own: Sequence[Half], targets: Array, weights: Array) -> Halves:
    across = [one for one in own if one.source != one.target and one.reading == FROZEN]
    moved = [one for one in own if one.reading == RECENTRED]
    return Halves(
        words=words,
        within=mean_scores([one for one in own if one.source == one.target], targets, weights),
        across=mean_scores(across, targets, weights),
        recentred=mean_scores(moved, targets, weights),
        pairs={
            f"{one.source} to {one.target}": mean_scores([one], targets, weights) for one in across
        },
    )


def series_of(
    reads: Reads, found: Scored, edges: Sequence[float], far: float, with_levels: bool
) -> pd.DataFrame:
    """Rows of one network.

    Returns:
        `COLUMNS`. Kinds: `CURVE` (by state), `LEVEL` (of what has no depth), `MAP` (by patch, and
        as ``what`` `TOUCHED` the share of clips whose ball touches it), `PROFILE` (by distance, of
        which ``distance`` is where a class begins, as it is of the curve ``far``), `ASKED` (the
        state of the verdict). ``low`` and ``high``: 90 % interval over conditions, point by point.
    """
    rows = [*_curves(found, far), *_profiles(found.profiles[PATCH], PATCH, edges)]
    rows += _maps(found.patches[PATCH], PATCH, reads.grid)
    if with_levels:
        for read, levels in found.levels.items():
            for what, scores in levels.items():
                rows += _points(scores, {"kind": LEVEL, "what": f"{what}_{read}"})
            rows += _profiles(found.profiles[read], read, edges)
            rows += _maps(found.patches[read], read, reads.grid)
        state = asked_state(len(reads.pooled))
        rows += [] if state is None else [{"kind": ASKED, "state": state}]
        for place, share in enumerate(_visits(reads)):
            rows.append({"kind": MAP, "what": TOUCHED, **_on(reads.grid, place), "value": share})
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table[["what", "pair", "reading"]] = table[["what", "pair", "reading"]].fillna("")
    whole = ["state", "row", "column"]
    return table.astype(dict.fromkeys(whole, "Int64"))


def _visits(reads: Reads) -> Array:
    """Share of clips whose ball touches each patch, [P]."""
    return np.asarray((reads.touched > 0).mean(axis=0))


def _curves(found: Scored, far: float) -> Iterator[_Row]:
    for what, scores in found.courses.items():
        where: _Row = {"kind": CURVE, "what": what}
        if what == "far":
            where["distance"] = far
        yield from _points(scores, where, by_state=True)
    for read, halves in found.halves.items():
        readings = {WITHIN: halves.within, ACROSS: halves.across, RECENTRED: halves.recentred}
        for reading, scores in readings.items():
            where = {"kind": CURVE, "what": read, "pair": ALL, "reading": reading}
            yield from _points(scores, where, by_state=True)
        for pair, scores in halves.pairs.items():
            where = {"kind": CURVE, "what": read, "pair": pair, "reading": ACROSS}
            yield from _points(scores, where, by_state=True)


def _profiles(scores: Array, what: str, edges: Sequence[float]) -> Iterator[_Row]:
    for place, edge in enumerate(edges):
        where: _Row = {"kind": PROFILE, "what": what, "distance": edge}
        yield from _points(scores[..., place], where, by_state=what == PATCH)


def _maps(scores: Array, what: str, grid: tuple[int, int]) -> Iterator[_Row]:
    for place in range(scores.shape[2]):
        where: _Row = {"kind": MAP, "what": what, **_on(grid, place)}
        yield from _points(scores[..., place], where, by_state=what == PATCH)


def _on(grid: tuple[int, int], place: int) -> _Row:
    row, column = divmod(place, grid[1])
    return {"row": row, "column": column}


def _points(scores: Scores, where: _Row, by_state: bool = False) -> Iterator[_Row]:
    """A row for every state of scores [1 + B, S], or one without a state."""
    low, high = percentile(scores[1:])
    for state, value in enumerate(scores[0]):
        at = {"state": state} if by_state else {}
        yield {**where, **at, "value": value, "low": low[state], "high": high[state]}
