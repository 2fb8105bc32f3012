"""What a removal costs, and whether it costs more than removing other keys in their place."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from pez.estimands.intervals import percentile
from pez.inside.ablation.readings import DIRECTION, PLACE, WHOLE
from pez.inside.ablation.scores import READ, scores_by

SCORE, DROP, BEYOND, INTERACTION = "score", "drop", "beyond", "interaction"  # estimands
MATCHED = ("random", "far", "mass")
_PASS = ["where", "window", "keys"]
_Scores = Mapping[tuple[object, ...], np.ndarray]


def effects(table: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """Scores after every removal, their drops, and drops beyond those of matched removals.

    Args:
        table: rows of `pez.inside.measures.window_ablation.measure`, of one network.
        draws: bootstrap draws of conditions, the same for all scores: differences are paired.
        seed: of the draws.

    Returns:
        Columns ``where``, ``window``, ``keys``, ``removed``, ``empty``, ``state``, ``task``,
        ``reading``, ``estimand``, ``against``, ``value``, ``low`` and ``high`` (90 % interval).
        Estimands: `SCORE`; `DROP`: the score with nothing taken, less that; `BEYOND`: the drop by a
        window, less the drop by what stands ``against`` it (`MATCHED`); `INTERACTION`: that for
        direction, less that for the place of the start.
    """
    rows = list(_rows(scores_by(table, _PASS, draws, seed)))
    found = pd.DataFrame(rows, columns=[*_PASS, *READ, "estimand", "against", "values"])
    values = np.stack(list(found.pop("values")), axis=1)
    low, high = percentile(values[1:])
    shares = table.groupby(_PASS, observed=True)[["removed", "empty"]].first()
    return found.assign(value=values[0], low=low, high=high).join(shares, on=_PASS)


def _rows(scores: _Scores) -> Iterator[tuple[object, ...]]:
    for key, score in scores.items():
        (where, window, keys), (state, task, reading) = key[:3], key[3:]
        yield (*key, SCORE, "", score)
        if window == WHOLE:
            continue
        yield (*key, DROP, "", scores["none", WHOLE, "none", state, task, reading] - score)
        for other in MATCHED if keys == "window" else ():
            beyond = _beyond(scores, where, window, other, (state, task, reading))
            if beyond is None:
                continue
            yield (*key, BEYOND, other, beyond)
            still = _beyond(scores, where, window, other, (state, PLACE, reading))
            if task == DIRECTION and still is not None:
                yield (*key, INTERACTION, other, beyond - still)


def _beyond(
    scores: _Scores, where: object, window: object, other: str, read: tuple[object, ...]
) -> np.ndarray | None:
    """Score after removing ``other`` keys, less that after removing those in the window."""
    pair = [scores.get((where, window, keys, *read)) for keys in (other, "window")]
    return None if pair[0] is None or pair[1] is None else pair[0] - pair[1]
