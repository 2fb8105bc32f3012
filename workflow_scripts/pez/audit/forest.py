"""Table of the forest plot: every claim in the primary cell and in the median cell."""

import numpy as np
import pandas as pd

from pez.audit.claims.kinds.abrupt import ABRUPT
from pez.audit.claims.kinds.location import DEPTHS
from pez.audit.ledger import ClaimEntry, ModelEntry

PRIMARY, MEDIAN = "primary cell", "median cell"
# What the axis of a claim counts.
UNITS = {
    "C1": "share of the rise",
    "C2": "depth",
    "C3": "states",
    "C4": "score",
    "C5": "states",
    "C6": "score",
    "C7": "states",
    "C8": "states",
    "C9": "states",
    "C10": "score",
}
COLUMNS = ("claim", "statement", "unit", "where", "value", "low", "high", "holds_from", "holds_to",
           "verdict", "p", "cells")  # fmt: skip


def forest_table(model: ModelEntry) -> pd.DataFrame:
    """Lay the claims of ``model`` beside what its cells say.

    Returns:
        `COLUMNS`: ``low`` and ``high`` are the interval in the primary cell (NaN: not measured;
        infinite: open), and 5 and 95 % of the cells for the median cell; the claim holds between
        ``holds_from`` and ``holds_to``; ``verdict`` and ``p`` (Holm) in the primary cell, the rank
        p of the median in the other.
    """
    across = {found.claim: found for found in model.across_cells}
    rows: list[tuple[object, ...]] = []
    for claim in model.claims:
        holds = holds_within(claim)
        about = (claim.id, claim.statement, UNITS.get(claim.id, ""))
        low, high = claim.interval or (np.nan, np.nan)
        low = -np.inf if low is None else low
        high = np.inf if high is None else high
        rows.append(
            (*about, PRIMARY, claim.value, low, high, *holds, claim.verdict, claim.holm_p, 1)
        )
        cell = across.get(claim.id)
        if cell is not None:
            rows.append(
                (*about, MEDIAN, cell.median, cell.low, cell.high, *holds, "", cell.p, cell.cells)
            )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    numbers = ["value", "low", "high", "p"]
    table[numbers] = table[numbers].astype(float)
    return table


def holds_within(claim: ClaimEntry) -> tuple[float, float]:
    """Between which values ``claim`` holds: its own bounds where ``null`` has them."""

    def bound(name: str, otherwise: float) -> float:
        found = claim.null.get(name)
        return float(found) if isinstance(found, int | float) else otherwise

    match claim.id:
        case "C1":
            least = bound("abrupt", ABRUPT)
            return max(bound("ramp_quantile_95", least), least), np.inf
        case "C2":
            return bound("from", DEPTHS[0]), bound("to", DEPTHS[1])
        case "C3" | "C6":
            return 0.0, np.inf
        case "C4":
            mean = bound("untrained_peak_mean", 0.0)
            return bound("untrained_peak_limit", mean) - mean, np.inf
        case "C7":
            return -np.inf, bound("margin", 1.0)
        case "C5" | "C8" | "C9":
            return -bound("margin", 1.0), bound("margin", 1.0)
    return np.nan, np.nan
