"""Specification curve: every cell of a variable in order of its onset, and a joint test of them.

After Simonsohn, Simmons and Nelson (2020): statistics over all cells of the trained network are
ranked among those of untrained ones. Cells share clips and features, so that the number of cells in
which something is significant says nothing; the rank of a whole network does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from zlib import crc32

import numpy as np
import pandas as pd

from pez.audit.claims.kinds.location import DEPTHS
from pez.audit.outcomes import FACTORS, UNTRAINED, as_level, need
from pez.evidence.schema import NO_CONTROL
from pez.runtime.errors import ArtifactError

CURVE_COLUMNS = ("model", "control", "seed", "variable", "estimand", "cell", "rank", "depth",
                 "low", "high", "none_share", *FACTORS)  # fmt: skip

Extreme = Literal["high", "low", "either"]


@dataclass(frozen=True)
class Rank:
    """Where the trained network stands among untrained ones.

    Attributes:
        at_least: untrained networks at least as extreme.
        seeds: untrained networks S.
        p: (1 + at_least) / (S + 1), exact if networks are exchangeable; None without seeds.
    """

    at_least: int
    seeds: int

    @property
    def p(self) -> float | None:
        """The p of the rank."""
        return (1 + self.at_least) / (self.seeds + 1) if self.seeds else None

    @property
    def smallest(self) -> float | None:
        """The smallest p that so many seeds can give."""
        return 1 / (self.seeds + 1) if self.seeds else None


def rank_among(trained: float, untrained: np.ndarray, extreme: Extreme) -> Rank:
    """Count the untrained networks whose statistic is at least as extreme as the trained one's.

    Args:
        trained: the statistic of the trained network; not NaN.
        untrained: those of S untrained networks, float64 [S]; not NaN.
        extreme: which values are: ``high``, ``low``, or those on ``either`` side far from the
            median of all S + 1 networks (so that all are treated alike, as the test needs).
    """
    values = np.append(untrained, trained)
    if extreme == "either":
        values = np.abs(values - np.median(values))
    elif extreme == "low":
        values = -values
    # Means of the same numbers in another order differ by rounding; they are equal here.
    at_least = int(np.sum(values[:-1] >= values[-1] - 1e-12))
    return Rank(at_least, len(untrained))


def specification_curve(
    estimands: pd.DataFrame,
    blocks: int,
    variable: str,
    model: str,
    estimand: str = "half_rise",
) -> pd.DataFrame:
    """Cells of ``variable`` in order of their onset, of ``model`` and of its untrained networks.

    Args:
        estimands: one row per curve and estimand.
        blocks: number of blocks L of the model.
        variable: the variable.
        model: the model.
        estimand: one that is a state.

    Returns:
        `CURVE_COLUMNS`: ``rank`` from 0, within each network; ``depth``, ``low`` and ``high`` are
        states / blocks; cells without an onset have NaN and the last ranks.
    """
    need(
        estimands,
        ("model", "control", "seed", "variable", "estimand", "value", "low", "high", "none_share",
         *FACTORS, "cell"),
        "estimands",
    )  # fmt: skip
    held = estimands[
        (estimands["variable"] == variable)
        & (estimands["model"] == model)
        & (estimands["estimand"] == estimand)
        & estimands["control"].isin((NO_CONTROL, UNTRAINED))
    ].copy()
    if held.empty:
        raise ArtifactError(f"the table of estimands has no {estimand} of {variable} on {model}.")
    for factor in FACTORS:
        held[factor] = as_level(held[factor])
    held["depth"] = held["value"] / blocks
    held[["low", "high"]] = held[["low", "high"]] / blocks
    network = ["control", "seed"]
    # Cells with equal onsets stand in an order that has nothing to do with their choices.
    held["tie"] = [crc32(str(cell).encode()) for cell in held["cell"]]
    held = held.sort_values([*network, "depth", "tie", "cell"], na_position="last")
    held["rank"] = held.groupby(network, dropna=False).cumcount()
    return held[list(CURVE_COLUMNS)].reset_index(drop=True)


def states_by_rank(gained: pd.DataFrame, curve: pd.DataFrame) -> pd.DataFrame:
    """Scores and gains of the trained network by state, cells in the order of their onset.

    Args:
        gained: rows of `pez.audit.outcomes.gains`.
        curve: rows of `specification_curve`.

    Returns:
        model, variable, cell, rank, depth (of the onset), state, score, untrained, gain; sorted.
    """
    own = curve[curve["control"] == NO_CONTROL][["model", "variable", "cell", "rank", "depth"]]
    trained = gained[gained["control"] == NO_CONTROL]
    values = trained[["model", "cell", "state", "score", "untrained", "gain"]]
    found = own.merge(values, on=["model", "cell"], validate="one_to_many")
    return found.sort_values(["rank", "state"], ignore_index=True)


def joint_test(cells: pd.DataFrame, model: str, onset: str = "half_rise") -> pd.DataFrame:
    """Rank the trained network among untrained ones by statistics over all cells of a variable.

    Statistics: median onset (a cell without one counts as one state past the last, later than all
    others; either side is extreme), median sharpness (a curve without a rise has none: 0), share of
    cells with an onset in `DEPTHS`, share with an onset, median gain over untrained networks.

    Args:
        cells: rows of `pez.audit.outcomes.outcomes`.
        model: the model.
        onset: the estimand that places an onset.

    Returns:
        One row per variable and statistic: variable, statistic, extreme, trained, untrained_low,
        untrained_median, untrained_high (over seeds), cells, at_least, seeds, p, smallest_p.

    Raises:
        ArtifactError: networks do not have the same cells.
    """
    need(cells, ("model", "control", "seed", "variable", "cell", f"{onset}_depth"), "outcomes")
    own = cells[cells["model"] == model]
    rows = []
    for variable, part in own.groupby("variable", sort=False):
        trained = part[part["control"] == NO_CONTROL]
        bare = [rows for _, rows in part[part["control"] == UNTRAINED].groupby("seed")]
        for network in bare:
            _check_same_cells(trained, network, f"{variable} on {model}")
        found = _statistics(trained, onset)
        others = [_statistics(network, onset) for network in bare]
        for name, (value, extreme) in found.items():
            values = np.array([other[name][0] for other in others], float)
            if np.isnan(value) or np.isnan(values).any():
                continue
            rank = rank_among(value, values, extreme)
            low, middle, high = (
                (values.min(), np.median(values), values.max()) if len(values) else [np.nan] * 3
            )
            rows.append(
                {
                    "variable": variable, "statistic": name, "extreme": extreme, "trained": value,
                    "untrained_low": low, "untrained_median": middle, "untrained_high": high,
                    "cells": len(trained), "at_least": rank.at_least, "seeds": rank.seeds,
                    "p": rank.p, "smallest_p": rank.smallest,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _statistics(cells: pd.DataFrame, onset: str) -> Mapping[str, tuple[float, Extreme]]:
    depth = cells[f"{onset}_depth"].to_numpy(float)
    there = ~np.isnan(depth)
    blocks = cells["blocks"].to_numpy(float)
    placed = np.where(there, depth, 1 + 1 / blocks)
    # Depths are fractions of whole states: 9 / 20 is in the zone, whatever its last bit.
    inside = there & (placed >= DEPTHS[0] - 1e-9) & (placed <= DEPTHS[1] + 1e-9)
    found: dict[str, tuple[float, Extreme]] = {
        "median onset": (float(np.median(placed)), "either"),
        "share of cells with an onset in the zone": (float(inside.mean()), "high"),
        "share of cells with an onset": (float(there.mean()), "high"),
    }
    if "sharpness" in cells.columns:
        sharpness = np.nan_to_num(cells["sharpness"].to_numpy(float), nan=0.0)
        found["median sharpness"] = (float(np.median(sharpness)), "high")
    if "margin" in cells.columns:
        found["median gain over untrained networks"] = (float(cells["margin"].median()), "high")
    return found


def _check_same_cells(trained: pd.DataFrame, network: pd.DataFrame, of: str) -> None:
    ours, theirs = set(trained["cell"]), set(network["cell"])
    if ours == theirs:
        return
    seed = network["seed"].iloc[0]
    examples = sorted(ours ^ theirs)[:3]
    raise ArtifactError(
        f"{of}: the trained network and the untrained one of seed {seed} do not have the same "
        f"cells ({len(ours - theirs)} and {len(theirs - ours)} without a partner, such as "
        f"{', '.join(examples)}): a joint test needs every cell of every network."
    )


def choice_bins(curve: pd.DataFrame, bins: int) -> pd.DataFrame:
    """How often every level is chosen along a specification curve.

    Args:
        curve: rows of `specification_curve` of one network.
        bins: number of stretches of equal length that the ranks are cut into; no more than cells.

    Returns:
        One row per factor (with more than one level), level and stretch: factor, level, bin,
        rank_from, rank_to (both inclusive), share of its cells that have the level.
    """
    count = len(curve)
    number = min(bins, count)
    at = (curve["rank"] * number // count).rename("bin")
    tables = []
    for factor in (name for name in FACTORS if curve[name].nunique() > 1):
        wide = pd.crosstab(at, curve[factor].rename("level"), normalize="index").reset_index()
        tables.append(wide.melt("bin", var_name="level", value_name="share").assign(factor=factor))
    columns = ["factor", "level", "bin", "rank_from", "rank_to", "share"]
    if not tables:
        return pd.DataFrame(columns=columns)
    found = pd.concat(tables, ignore_index=True)
    # The stretch i holds the ranks r with i <= r * number / count < i + 1.
    found["rank_from"] = -(-found["bin"] * count // number)
    found["rank_to"] = -(-(found["bin"] + 1) * count // number) - 1
    return found[columns]
