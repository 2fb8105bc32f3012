"""What figure 13 draws: scores of every kind, and means, by residual state."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from pez.estimands.intervals import percentile
from pez.inside.objects.scores import ESTIMANDS, PARTS, AllScores, Scores

MEAN = "mean"  # in place of a kind


def series(scores: AllScores) -> pd.DataFrame:
    """Lay out the scores of one network.

    Returns:
        Columns ``tokens``, ``target``, ``estimand``, ``kind`` (or `MEAN`, or a material or
        shape: the mean over its kinds), ``state``, ``value``, ``low`` and ``high`` (90 % interval
        over clips, state by state).
    """
    parts = [part for tokens, found in scores.items() for part in _parts(tokens, found)]
    return pd.concat(parts, ignore_index=True)


def _parts(tokens: str, scores: Mapping[str, Scores]) -> Iterator[pd.DataFrame]:
    for target, found in scores.items():
        for estimand in ESTIMANDS:
            values = found.values[estimand]
            means = {MEAN: found.mean(estimand)}
            for part in PARTS:
                means |= found.means_by(part, estimand)
            drawn = np.concatenate([values, np.stack([*means.values()], axis=2)], axis=2)
            low, high = percentile(drawn[1:])
            for number, kind in enumerate([*found.kinds, *means]):
                yield pd.DataFrame(
                    {
                        "tokens": tokens,
                        "target": target,
                        "estimand": estimand,
                        "kind": kind,
                        "state": np.arange(drawn.shape[1]),
                        "value": drawn[0, :, number],
                        "low": low[:, number],
                        "high": high[:, number],
                    }
                )
