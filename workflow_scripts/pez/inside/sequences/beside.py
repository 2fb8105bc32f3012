"""Tables of sequences of a model and of what stands beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pez.evidence.schema import NO_CONTROL
from pez.inside.head_statistics import Interval
from pez.inside.tables import WHOSE, NetworkTable

COLUMNS = (
    "what", "variable", "against", "solver", "arm", "state", "split", "number", "metric", "value",
)  # fmt: skip


@dataclass(frozen=True)
class Beside:
    """A model and its controls.

    Attributes:
        model: the model.
        rows: of all their tables, with `WHOSE` before them.
        near: the state that is looked at closely.
        states: number of states.
        span: dimensions that probes can take out of the features.
    """

    model: str
    rows: pd.DataFrame
    near: int
    states: int
    span: int

    def of(self, what: str) -> pd.DataFrame:
        """Rows of one kind."""
        return self.rows[self.rows["what"] == what]


def beside(tables: Sequence[NetworkTable], model: str) -> Beside:
    """Rows of ``model`` and its controls among ``tables``."""
    own = [table for table in tables if table.model == model]
    parts = [
        one.named(one.table.astype(dict.fromkeys(COLUMNS[:5], object) | {"metric": object}))
        for one in own
    ]
    rows = pd.concat(parts, ignore_index=True)
    known: Mapping[str, Any] = own[0].known
    return Beside(model, rows[[*WHOSE, *COLUMNS]], known["near"], known["states"], known["span"])


def is_own(rows: pd.DataFrame) -> pd.Series:
    """Rows of the model itself."""
    return rows["control"] == NO_CONTROL


def over_splits(rows: pd.DataFrame, value: str = "value") -> pd.DataFrame:
    """Median over draws of clips, with the least and the largest as ``low`` and ``high``."""
    others = [name for name in rows.columns if name not in ("split", value, "at_least")]
    grouped = rows.groupby(others, sort=False, dropna=False)
    found = grouped[value].agg(value="median", low="min", high="max")
    if "at_least" in rows:
        found["at_least"] = grouped["at_least"].any()
    return found.reset_index()


def spread_of(values: pd.Series | np.ndarray) -> Interval:
    """Median of ``values``, the least, and the largest."""
    array = np.asarray(values, dtype=float)
    return Interval(float(np.median(array)), float(array.min()), float(array.max()))
