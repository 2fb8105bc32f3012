"""What the loss of local heads costs, and how much more than that of as many others."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pez.estimands.intervals import percentile
from pez.inside.ablation.readings import DIRECTION, PLACE, WHOLE
from pez.inside.ablation.scores import READ, scores_by
from pez.inside.heads.costs import Costs
from pez.inside.heads.sets import LOCAL

SCORE, COST, BEYOND, INTERACTION = "score", "cost", "beyond", "interaction"  # estimands
Array = NDArray[np.float64]


def scores(table: pd.DataFrame, draws: int, seed: int) -> dict[tuple[object, ...], Array]:
    """`pez.inside.ablation.scores.scores_by` of one network, by heads, state, task and reading.

    Args:
        table: rows of `pez.inside.measures.head_ablation.measure`.
        draws: bootstrap draws of conditions.
        seed: of the draws.
    """
    return scores_by(table, ["heads"], draws, seed)


def effects(table: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """Scores without every set of heads, and what their loss costs.

    Args:
        table, draws, seed: as of `scores`.

    Returns:
        Columns ``heads``, ``distance``, ``written``, ``state``, ``task``, ``reading``,
        ``estimand``, ``value``, ``low`` and ``high`` (90 % interval). Estimands: `SCORE`; `COST`:
        the score with all heads, less that; of the local heads also `BEYOND`: their cost, less the
        mean cost of the others, and `INTERACTION`: that of direction, less that of the place.
    """
    found = scores(table, draws, seed)
    about = table.groupby("heads", observed=True)[["distance", "written"]].first()
    rows = pd.DataFrame(list(_rows(found)), columns=["heads", *READ, "estimand", "values"])
    values = np.stack(list(rows.pop("values")), axis=1)
    low, high = percentile(values[1:])
    named = rows.join(about, on="heads")[["heads", "distance", "written", *READ, "estimand"]]
    return named.assign(value=values[0], low=low, high=high)


def _rows(found: Mapping[tuple[object, ...], Array]) -> Iterator[tuple[object, ...]]:
    for key, score in found.items():
        heads, read = key[0], key[1:]
        yield (*key, SCORE, score)
        if heads == WHOLE:
            continue
        yield (*key, COST, found[(WHOLE, *read)] - score)
        if heads != LOCAL:
            continue
        beyond = Costs.of(found, read).beyond
        yield (*key, BEYOND, beyond)
        state, task, reading = read
        if task == DIRECTION:
            place = Costs.of(found, (state, PLACE, reading)).beyond
            yield (*key, INTERACTION, beyond - place)
