"""The two tables of the audit, from the tables of single networks."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from pez.audit.cells import SCORE
from pez.audit.whose import Set
from pez.runtime.tables import open_table


def read_cells(paths: Iterable[Path]) -> Iterator[pd.DataFrame]:
    """Open the tables ``{network}.{dataset}.parquet`` of some networks.

    Raises:
        ArtifactError: a table is missing, damaged, of another network or dataset than its name
            says, or of other clips than another.
    """
    together = Set()
    for path in paths:
        opened = open_table(path, ["network", "what", "state", "value"], ["state", "value"])
        together.check(path, opened.metadata)
        yield opened.table


def scores_of(table: pd.DataFrame) -> pd.DataFrame:
    """Of a table of cells the scores of states."""
    scores = table[table["what"] == SCORE].rename(columns={"value": "score"})
    return scores.drop(columns=["what", "low", "high", "none_share"]).reset_index(drop=True)


def estimands_of(table: pd.DataFrame) -> pd.DataFrame:
    """Of a table of cells the estimands of curves."""
    found = table[table["what"] != SCORE].rename(columns={"what": "estimand"})
    found["estimand"] = found["estimand"].cat.remove_unused_categories()
    return found.drop(columns="state").reset_index(drop=True)


def gather(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Put tables together whose texts are categories, as one with the categories of all."""
    parts = list(tables)
    for name in parts[0].columns:
        if isinstance(parts[0][name].dtype, pd.CategoricalDtype):
            known = dict.fromkeys(value for part in parts for value in part[name].cat.categories)
            kind = pd.CategoricalDtype(list(known))
            for part in parts:
                part[name] = part[name].astype(kind)
    return pd.concat(parts, ignore_index=True)
