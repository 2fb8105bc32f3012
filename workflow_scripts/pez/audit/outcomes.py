"""What a cell of the audit is judged by, one row per network and cell, from the tidy tables."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pez.evidence.schema import NO_CONTROL
from pez.runtime.errors import ArtifactError

# The choices of a protocol that cells differ in, ...
FACTORS = (
    "pooling",
    "grouping",
    "target",
    "normalisation",
    "solver",
    "selection",
    "fold_seed",
    "clips",
)
# ... and what a row of any of the tables is of.
NETWORK = ("network", "model", "control", "seed")
ALL_CLIPS = "all"  # level of ``clips`` where nothing is left out
UNTRAINED = "untrained"
_PLACES = ("half_rise", "threshold", "step", "logistic_inflection")  # estimands that are states


def need(table: pd.DataFrame, columns: Sequence[str], name: str) -> None:
    """Check that ``table``, called ``name``, has ``columns``.

    Raises:
        ArtifactError: it lacks one.
    """
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ArtifactError(
            f"the table of {name} lacks the column(s) {', '.join(missing)}: it has "
            f"{', '.join(map(str, table.columns))}."
        )


def outcomes(estimands: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Put all estimands of a cell into one row, and what the judgement reads off them.

    Args:
        estimands: one row per curve and estimand.
        scores: one row per curve and state; depth and gain come from it.

    Returns:
        One row per network and cell: ``network`` .. ``seed``, ``dataset``, ``variable``, `FACTORS`
        as texts, ``cell``, every estimand by its name (states), ``blocks``, ``{estimand}_depth``
        (states / blocks) of those that are states, ``has_onset`` (1. or 0.: the curve has a
        half-rise) and ``margin``: the peak above the mean peak of the untrained networks in the
        same cell (NaN without such networks).

    Raises:
        ArtifactError: a column is missing, or a curve is there twice.
    """
    about = (*NETWORK, "dataset", "variable", *FACTORS, "cell")
    need(estimands, (*about, "estimand", "value"), "estimands")
    need(scores, (*NETWORK, "cell", "state", "score"), "scores")
    key = ["network", "control", "cell"]
    if estimands.duplicated([*key, "estimand"]).any():
        twice = estimands[estimands.duplicated([*key, "estimand"])].iloc[0]
        raise ArtifactError(
            f"the table of estimands holds {twice['estimand']} of {twice['network']}, cell "
            f"{twice['cell']}, more than once."
        )
    wide = estimands.pivot(index=key, columns="estimand", values="value").reset_index()
    wide.columns.name = None
    rows = estimands.drop_duplicates(key)[list(about)].merge(wide, on=key, how="left")
    for factor in FACTORS:
        rows[factor] = as_level(rows[factor])
    rows["blocks"] = rows["network"].map(scores.groupby("network")["state"].max())
    blocks = rows["blocks"].to_numpy(float)
    for name in _PLACES:
        if name in rows.columns:
            with np.errstate(divide="ignore", invalid="ignore"):
                depth = rows[name].to_numpy(float) / blocks
            rows[f"{name}_depth"] = np.where(blocks > 0, depth, np.nan)
    if "half_rise" in rows.columns:
        rows["has_onset"] = rows["half_rise"].notna().astype(float)
    peaks = scores.groupby([*key, "model"])["score"].max().reset_index()
    found = gains(peaks.assign(state=0)).rename(columns={"gain": "margin"})
    return rows.merge(found[[*key, "margin"]], on=key, how="left")


def as_level(column: pd.Series) -> pd.Series:
    """Values of a factor as texts; a missing one is `ALL_CLIPS`."""
    texts = column.astype("string")
    return texts.fillna(ALL_CLIPS).astype(object)


def gains(scores: pd.DataFrame) -> pd.DataFrame:
    """Score of every curve beside the mean of the untrained networks of its model.

    Returns:
        Rows of ``scores`` of models themselves and of their untrained networks, with two more
        columns: ``untrained`` (mean over seeds in the same cell at the same state) and ``gain``
        (score - untrained). For an untrained network the mean is that of the other seeds, so that
        its gain is what a network without training shows.
    """
    held = scores[scores["control"].isin((NO_CONTROL, UNTRAINED))].reset_index(drop=True)
    place = ["model", "cell", "state"]
    bare = held[held["control"] == UNTRAINED]
    sums = bare.groupby(place)["score"].agg(["sum", "count"]).reset_index()
    rows = held.merge(sums, on=place, how="left")
    own = (rows["control"] == UNTRAINED).to_numpy()
    number = rows["count"].fillna(0).to_numpy() - own
    total = rows["sum"].fillna(0.0).to_numpy() - np.where(own, rows["score"], 0.0)
    mean = np.full(len(rows), np.nan)
    np.divide(total, number, out=mean, where=number > 0)
    rows["untrained"] = mean
    rows["gain"] = rows["score"] - rows["untrained"]
    return rows.drop(columns=["sum", "count"])
