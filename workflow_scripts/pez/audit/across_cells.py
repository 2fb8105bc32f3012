"""Claims in every cell: what a claim asks is read off each, for the median cell and the share.

Only what single cells hold: C1 to C4, C6 and C7. C5 and C8 to C10 need evidence that cells of the
multiverse do not have (paired scenes, partialled curves, transfer, attention).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pez.audit.claims.kinds.abrupt import ABRUPT
from pez.audit.claims.kinds.location import DEPTHS
from pez.audit.outcomes import UNTRAINED
from pez.audit.specification import Extreme, rank_among
from pez.evidence.schema import NO_CONTROL

_PAIRED = ("pooling", "grouping", "normalisation", "solver", "selection", "fold_seed", "clips")


@dataclass(frozen=True)
class Asked:
    """What a claim asks of one cell.

    Attributes:
        holds: interval of the statistic within which the claim's sign is met, ends inclusive.
        extreme: which side the claim is on.
    """

    holds: tuple[float, float]
    extreme: Extreme


ASKED: Mapping[str, Asked] = {
    "C1": Asked((ABRUPT, np.inf), "high"),
    "C2": Asked(DEPTHS, "either"),
    "C3": Asked((1.0, np.inf), "high"),  # whole states: above 0
    "C4": Asked((0.0, np.inf), "high"),
    "C6": Asked((0.0, np.inf), "high"),
    "C7": Asked((-np.inf, 1.0), "low"),
}


def cell_statistics(cells: pd.DataFrame) -> pd.DataFrame:
    """What each claim reads off each cell of each network.

    Claims about two variables compare cells that agree in all choices but the target: the earliest
    target of the other variable speaks for it.

    Args:
        cells: rows of `pez.audit.outcomes.outcomes`.

    Returns:
        model, control, seed, cell, claim, value: NaN where a curve has no onset; the sharpness of
        a curve without a rise is 0.
    """
    about = ["model", "control", "seed", "cell"]
    direction = cells[cells["variable"] == "direction"]
    tables = [
        direction[about].assign(claim=claim, value=direction[column].to_numpy(float))
        for claim, column in (
            ("C1", "sharpness"),
            ("C2", "step_depth"),
            ("C4", "margin"),
            ("C6", "late_decline"),
        )
        if column in cells.columns
    ]
    if "threshold" in cells.columns:
        early = [_earliest(cells, name) for name in ("speed", "acceleration")]
        latest = _beside(direction, early)
        tables.append(
            direction[about].assign(
                claim="C3", value=direction["threshold"].to_numpy(float) - latest
            )
        )
        cartesian = cells[cells["variable"] == "acceleration_xy"]
        velocity = _beside(cartesian, [_earliest(cells, "velocity_xy")])
        tables.append(
            cartesian[about].assign(
                claim="C7", value=cartesian["threshold"].to_numpy(float) - velocity
            )
        )
    found = pd.concat(tables, ignore_index=True)
    found.loc[(found["claim"] == "C1") & found["value"].isna(), "value"] = 0.0
    return found


def _earliest(cells: pd.DataFrame, variable: str) -> pd.Series:
    """Smallest threshold over targets of ``variable``, by network and the other choices."""
    key = ["model", "control", "seed", *_PAIRED]
    part = cells[cells["variable"] == variable]
    return part.assign(seed=part["seed"].astype("Int64").fillna(-1)).groupby(key)["threshold"].min()


def _beside(cells: pd.DataFrame, others: list[pd.Series]) -> np.ndarray:
    """Latest of ``others`` in the same protocol as each of ``cells``; NaN where one is missing."""
    key = ["model", "control", "seed", *_PAIRED]
    keys = cells.assign(seed=cells["seed"].astype("Int64").fillna(-1))[key]
    found = [
        keys.merge(other.reset_index(), on=key, how="left")["threshold"].to_numpy(float)
        for other in others
    ]
    return np.max(np.stack(found), axis=0)  # NaN in any: NaN


def summarise_cells(statistics: pd.DataFrame, model: str) -> pd.DataFrame:
    """Median cell, spread over cells and share of cells of every claim, ranked among untrained.

    Args:
        statistics: of `cell_statistics`.
        model: the model.

    Returns:
        One row a claim: claim, median, low, high (5 and 95 % of its cells with a value), cells,
        without (cells without a value), share (of all cells that meet the claim's sign),
        untrained_median (over seeds), seeds, p (rank of the median among untrained networks; None
        without seeds, or where half the cells of a network have no value), share_p (rank of the
        share), smallest_p.
    """
    own = statistics[statistics["model"] == model]
    rows = []
    for claim, part in own.groupby("claim", sort=True):
        asked = ASKED[str(claim)]
        trained = part[part["control"] == NO_CONTROL]["value"].to_numpy(float)
        bare = [
            rows["value"].to_numpy(float)
            for _, rows in part[part["control"] == UNTRAINED].groupby("seed")
        ]
        known = trained[~np.isnan(trained)]
        median, low, high = (
            np.percentile(known, (50, 5, 95)) if len(known) else (np.nan, np.nan, np.nan)
        )
        # A median of the few cells that have a value would leave out the networks without any.
        ranked = all(np.isnan(x).mean() < 0.5 for x in (trained, *bare))
        # A single untrained network has no other one to gain over.
        alone = claim == "C4" and len(bare) < 2
        medians = np.array([np.nanmedian(x) for x in bare]) if ranked else np.array([])
        share, shares = _share(trained, asked), np.array([_share(x, asked) for x in bare])
        rank = rank_among(float(median), medians, asked.extreme) if ranked else None
        of_share = None if alone else rank_among(share, shares, "high")
        rows.append(
            {
                "claim": claim, "median": median, "low": low, "high": high,
                "cells": len(trained), "without": len(trained) - len(known), "share": share,
                "untrained_median": np.median(medians) if len(medians) else np.nan,
                "seeds": len(bare), "p": rank.p if rank else None,
                "share_p": of_share.p if of_share else None,
                "smallest_p": 1 / (len(bare) + 1) if bare else None,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _share(values: np.ndarray, asked: Asked) -> float:
    """Share of all cells inside; a cell without a value is not."""
    low, high = asked.holds
    return float(np.mean((values >= low - 1e-9) & (values <= high + 1e-9)))
