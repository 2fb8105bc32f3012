"""What decides an outcome: shares of its variance over cells, by choice of the protocol.

In a full factorial the outcome is a sum of one term for every subset of the factors, orthogonal to
one another, so that their variances add up to that of the outcome: functional analysis of variance
(Hoeffding 1948; Efron and Stein 1981; Sobol' 1993). No model is fitted. With combinations missing,
terms are no longer orthogonal; Shapley shares (Owen 2014; Song, Nelson and Staum 2016) divide the
same variance without remainder and without negative parts of the whole.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from math import factorial as faculty

import numpy as np
import pandas as pd

from pez.audit.factorial import Slice, UnbalancedDesign, codes_of, factorial, largest_slice
from pez.audit.outcomes import FACTORS

# What is explained: column of `pez.audit.outcomes.outcomes`, in words.
OUTCOMES: Mapping[str, str] = {
    "half_rise_depth": "onset by half-rise, share of depth",
    "step_depth": "onset by best step, share of depth",
    "sharpness": "sharpness",
    "margin": "gain over untrained networks",
    "has_onset": "whether there is an onset",
}
COLUMNS = ("method", "order", "factor", "other", "share", "low", "high", "noise", "cells", "of",
           "note")  # fmt: skip
MOST_FACTORS = 8  # of exact Shapley shares: 2^k subsets
_FEWEST_DRAWS = 20
_NOTHING = 1e-12  # variance relative to the mean square that rounding alone makes

Subset = tuple[int, ...]
Parts = Mapping[tuple[str, str, str], np.ndarray]  # variance by (order, factor, other), each [B]


def closed_variances(values: np.ndarray) -> dict[Subset, np.ndarray]:
    """Variance of the conditional mean E[y | factors of u], for every subset u of the axes.

    Args:
        values: float64 [B, n_1, .., n_k], a full factorial for every draw.

    Returns:
        By subset (sorted numbers of axes, from 0), float64 [B].
    """
    found: dict[Subset, np.ndarray] = {}

    def visit(means: np.ndarray, kept: Subset, after: int) -> None:
        found[kept] = means.reshape(len(means), -1).var(axis=1)
        for place, axis in enumerate(kept):
            if axis >= after:
                rest = kept[:place] + kept[place + 1 :]
                visit(means.mean(axis=place + 1), rest, axis + 1)

    visit(values, tuple(range(values.ndim - 1)), 0)
    return found


def anova_parts(values: np.ndarray, factors: Sequence[str]) -> Parts:
    """Variances of the terms of a full factorial.

    Args:
        values: float64 [B, n_1, .., n_k].
        factors: names of the axes.

    Returns:
        ``first`` of every factor, ``pair`` of every two, ``higher`` (all terms of three factors or
        more), which sum to ``all``; and ``total`` of every factor: all terms that it is in.
    """
    closed = closed_variances(values)
    every = tuple(range(len(factors)))
    whole = closed[every]
    parts: dict[tuple[str, str, str], np.ndarray] = {("all", "", ""): whole}
    rest = whole.copy()
    for i, name in enumerate(factors):
        parts["first", name, ""] = closed[i,]
        parts["total", name, ""] = whole - closed[every[:i] + every[i + 1 :]]
        rest -= closed[i,]
    for i, j in combinations(every, 2):
        pair = closed[i, j] - closed[i,] - closed[j,]
        parts["pair", factors[i], factors[j]] = pair
        rest -= pair
    parts["higher", "", ""] = rest if len(factors) > 2 else np.zeros_like(rest)
    return parts


def shapley_parts(values: np.ndarray, design: pd.DataFrame) -> Parts:
    """Shapley shares of the variance over the cells that there are, each of the same weight.

    The worth of a set of factors is the variance of the mean given their levels; a factor's part
    is what it adds, averaged over all orders in which factors can be told. Exact: 2^k subsets.

    Args:
        values: float64 [B, cells]; NaN: the cell does not count in that draw.
        design: levels, one row per cell, one column per factor.

    Returns:
        ``shapley`` of every factor, which sum to ``all``.

    Raises:
        UnbalancedDesign: a combination is there twice, or there are more than `MOST_FACTORS`.
    """
    if design.shape[1] > MOST_FACTORS:
        raise UnbalancedDesign(
            f"exact Shapley shares of {design.shape[1]} factors need {2 ** design.shape[1]} "
            f"subsets; at most {MOST_FACTORS} factors: hold some at one level."
        )
    if design.duplicated().any():
        twice = design[design.duplicated()].iloc[0]
        named = ", ".join(f"{name} {level}" for name, level in twice.items())
        raise UnbalancedDesign(f"a combination is there more than once: {named}")
    codes, levels = codes_of(design)
    names, sizes = list(levels), [len(found) for found in levels.values()]
    worth = {
        u: _variance_given(values, codes, sizes, u)
        for size in range(len(names) + 1)
        for u in combinations(range(len(names)), size)
    }
    parts: dict[tuple[str, str, str], np.ndarray] = {
        ("all", "", ""): worth[tuple(range(len(names)))]
    }
    k = len(names)
    for i, name in enumerate(names):
        part = np.zeros(len(values))
        for u in (u for u in worth if i not in u):
            weight = faculty(len(u)) * faculty(k - len(u) - 1) / faculty(k)
            part += weight * (worth[tuple(sorted((*u, i)))] - worth[u])
        parts["shapley", name, ""] = part
    return parts


def _variance_given(
    values: np.ndarray, codes: np.ndarray, sizes: Sequence[int], u: Subset
) -> np.ndarray:
    group = np.zeros(len(codes), np.int64)
    for axis in u:
        group = group * sizes[axis] + codes[:, axis]
    if np.prod([sizes[axis] for axis in u]) > len(codes):
        group = np.unique(group, return_inverse=True)[1]
    found = np.empty(len(values))
    for draw, row in enumerate(values):
        there = ~np.isnan(row)
        sums = np.bincount(group[there], weights=row[there])
        counts = np.bincount(group[there])
        held = counts > 0
        means = sums[held] / counts[held]
        centred = means - row[there].mean()
        found[draw] = np.average(centred**2, weights=counts[held])
    return found


def shares(
    attribute: Callable[[np.ndarray], Parts],
    values: np.ndarray,
    draws: np.ndarray | None = None,
    level: float = 0.9,
) -> pd.DataFrame:
    """Shares of the variance of ``values``, with intervals from ``draws``.

    A draw differs from the values by resampling noise, which adds variance of its own, most of it
    to interactions. What it adds on average, the parts of the draws' deviations from their mean,
    is taken off every draw, so that intervals lie about the shares of the values; and it is stated:
    ``noise`` is the part of the total variance in a share that resampling alone would make.

    Args:
        attribute: divides the variance of [B, ...] into parts.
        values: float64, [1, ...].
        draws: bootstrap draws of the same, float64 [B, ...]; fewer than 20 give no interval.
        level: of the intervals (percentiles of the draws, cut to 0 .. 1).

    Returns:
        Columns order, factor, other, share, low, high, noise, all NaN where ``values`` are equal.
    """
    parts = attribute(values)
    whole = float(parts["all", "", ""][0])
    known = values[~np.isnan(values)]
    if whole <= _NOTHING * max(float(np.mean(known**2)), np.finfo(float).tiny):
        whole = np.nan
    enough = draws is not None and len(draws) >= _FEWEST_DRAWS and np.isfinite(whole)
    if draws is not None and enough:
        drawn = attribute(draws)
        deviation = attribute(draws - np.nanmean(draws, axis=0))
        noise = {key: float(part.mean()) for key, part in deviation.items()}
        total = drawn["all", "", ""] - noise["all", "", ""]
        total = np.where(total > 0, total, np.nan)
    tail = 100 * (1 - level) / 2
    rows = []
    for key, part in parts.items():
        if key[0] == "all":
            continue
        low = high = made = np.nan
        if enough:
            of_draws = (drawn[key] - noise[key]) / total
            low, high = np.clip(np.nanpercentile(of_draws, (tail, 100 - tail)), 0, 1)
            made = noise[key] / whole
        # Rounding leaves terms that are nought a hair below it.
        share = float(part[0]) / whole
        rows.append((*key, 0.0 if abs(share) < _NOTHING else share, low, high, made))
    return pd.DataFrame(rows, columns=["order", "factor", "other", "share", "low", "high", "noise"])


def anova_shares(
    design: pd.DataFrame, values: np.ndarray, draws: np.ndarray | None = None, level: float = 0.9
) -> pd.DataFrame:
    """Shares of the variance of a full factorial: see `anova_parts` and `shares`.

    Args:
        design: levels, one row per cell, one column per factor.
        values: the outcome, float64 [cells].
        draws: its bootstrap draws, float64 [B, cells]; those with a NaN are left out.
        level: of the intervals.

    Raises:
        UnbalancedDesign: a combination is missing, is there twice, or has no value.
    """
    own = factorial(design, values)
    names = list(own.levels)
    whole = None
    if draws is not None:
        complete = ~np.isnan(draws).any(axis=1)
        whole = factorial(design, draws[complete]).values if complete.any() else None
    return shares(lambda found: anova_parts(found, names), own.values, whole, level)


def shapley_shares(
    design: pd.DataFrame, values: np.ndarray, draws: np.ndarray | None = None, level: float = 0.9
) -> pd.DataFrame:
    """Shapley shares of the variance over the cells with a value: see `shapley_parts`, `shares`.

    Raises:
        UnbalancedDesign: as `shapley_parts` does.
    """
    return shares(lambda found: shapley_parts(found, design), values[None], draws, level)


def variance_shares(
    cells: pd.DataFrame,
    outcome: str,
    draws: np.ndarray | None = None,
    factors: Sequence[str] = FACTORS,
    level: float = 0.9,
) -> pd.DataFrame:
    """What decides ``outcome`` over the cells of one variable of one network.

    Exact analysis of variance of the largest full factorial among the cells. Where none is, or
    where cells of it have no such outcome (no onset: the binary outcome ``has_onset`` counts
    these), Shapley shares over the cells that have one, and a note that says so.

    Args:
        cells: rows of `pez.audit.outcomes.outcomes`.
        outcome: a column of it.
        draws: bootstrap draws of the outcome, float64 [B, cells].
        factors: columns with choices.
        level: of the intervals.

    Returns:
        Columns `COLUMNS`; ``cells`` have the outcome, of ``of`` in the design.
    """
    part = largest_slice(cells, factors)
    values = cells[outcome].to_numpy(float)[part.rows]
    drawn = None if draws is None else draws[:, part.rows]
    design = cells.iloc[part.rows][list(part.factors)]
    there = ~np.isnan(values)
    if part.balanced and there.all():
        table, method = anova_shares(design, values, drawn, level), "anova"
    elif there.any():
        kept = None if drawn is None else drawn[:, there]
        table, method = shapley_shares(design[there], values[there], kept, level), "shapley"
    else:
        table, method = pd.DataFrame(columns=list(COLUMNS[1:8])), "none"
    return table.assign(
        method=method, cells=int(there.sum()), of=len(values), note=_note(part, there)
    )[list(COLUMNS)]


def _note(part: Slice, there: np.ndarray) -> str:
    notes = [f"at {name} = {level}" for name, level in part.fixed.items()]
    if not part.balanced:
        notes.append("combinations are missing")
    if not there.all():
        notes.append(f"{int((~there).sum())} of {len(there)} cells have none")
    return "; ".join(notes)
