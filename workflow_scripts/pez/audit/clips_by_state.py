"""How many training clips a state needs for a score: onsets belong to a network and a number."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pez.audit.outcomes import NETWORK, need
from pez.estimands.clips_needed import LEVEL, MORE_THAN, clips_needed

_SAME = ("dataset", "variable", "target", "pooling", "grouping", "normalisation", "solver",
         "selection", "fold_seed")  # fmt: skip


def clips_by_state(
    scores: pd.DataFrame, all_clips: Mapping[str, int], level: float = LEVEL
) -> pd.DataFrame:
    """Clips needed at every state, over the cells that were measured with several numbers.

    Args:
        scores: one row per curve and state.
        all_clips: number of training clips of every dataset when none are left out.
        level: score to be reached.

    Returns:
        One row per network, variable, solver, selection and state: ``network`` .. ``seed``,
        variable, solver, selection, state, median, low, high (quartiles over cells; infinity: not
        reached with all clips), reached (share of cells that reach it), cells, fewest, most
        (clips tried).
    """
    need(scores, (*NETWORK, *_SAME, "clips", "state", "score"), "scores")
    number = scores["clips"].astype("Float64").fillna(scores["dataset"].map(all_clips))
    held = scores.assign(number=number.astype(float), seed=scores["seed"].astype("Int64"))
    key = [*NETWORK, *_SAME, "state"]
    tables = []
    for _, part in held.groupby("dataset", sort=False):
        wide = _by_number(part, key)
        if wide.shape[1] < 2:
            continue
        tried = wide.columns.to_numpy(float)
        at = clips_needed(wide.to_numpy(float)[:, :, None], tried, level)
        needed = np.where(at.censored[:, 0] == MORE_THAN, np.inf, at.clips[:, 0])
        found = wide.index.to_frame(index=False).assign(needed=needed)
        tables.append(found.assign(fewest=tried[0], most=tried[-1]))
    if not tables:
        return pd.DataFrame()
    place = [*NETWORK, "variable", "solver", "selection", "state"]
    grouped = pd.concat(tables, ignore_index=True).groupby(place, dropna=False)
    # Quantiles that are numbers of clips of cells: between a number and infinity there is nothing.
    quantiles = {
        name: grouped["needed"].quantile(q, interpolation="higher")
        for name, q in (("median", 0.5), ("low", 0.25), ("high", 0.75))
    }
    table = pd.DataFrame(quantiles)
    table["reached"] = grouped["needed"].agg(lambda needed: float(np.isfinite(needed).mean()))
    table["cells"] = grouped.size()
    table["fewest"], table["most"] = grouped["fewest"].min(), grouped["most"].max()
    return table.reset_index()


def _by_number(part: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Scores by number of clips, increasing; curves that were measured with every number."""
    wide = part.set_index([*key, "number"])["score"].unstack("number")
    return wide.sort_index(axis=1).dropna(how="any")
