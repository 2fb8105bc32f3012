"""Surprise by predictors on several states in all networks: what figure 11 shows and says."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from pez.estimands.intervals import percentile
from pez.evidence.schema import NO_CONTROL
from pez.inside.judged import Facts, InsideVerdict, Judged
from pez.inside.prediction.accuracy import Scores, scores_of
from pez.inside.prediction.verdict import verdict_of
from pez.inside.spec import InsideSpec
from pez.inside.tables import read_measured

# Of the tables, beside those of all.
COLUMNS = ("block", "pair", "possible", "predictor", "reading", "state", "context", "tokens",
           "surprise")  # fmt: skip
_UNTRAINED = "untrained"


def judge(spec: InsideSpec, tables: Sequence[Path | str], facts: Facts) -> Judged:
    """Judge every model: accuracies in it and in its controls.

    Raises:
        ArtifactError: a table is not what its name says, or lacks a movie.
    """
    opened = read_measured(tables, spec, COLUMNS)
    parts, said = [], []
    for model in spec.models:
        own = [table for table in opened if table.model == model]
        scored = [scores_of(one.table, spec.draws, spec.seed) for one in own]
        pairs = list(zip(own, scored, strict=True))
        parts += [one.named(_series(scores)) for one, scores in pairs]
        (itself,) = [scores for one, scores in pairs if one.control == NO_CONTROL]
        untrained = [scores for one, scores in pairs if one.control == _UNTRAINED]
        known = facts.models[model]
        said.append(verdict_of(model, itself, untrained, known.layers, known))
    series = pd.concat(parts, ignore_index=True).astype({"context": "Int64"})
    known_of = opened[0].known
    clips = (
        f"{len(known_of['clip_ids'])} movies of {spec.dataset}, {known_of['windows']} windows each "
        f"({facts.origin})"
    )
    verdict = InsideVerdict(
        figure=facts.figure,
        kind=spec.kind,
        clips=clips,
        brackets="90 % interval over scenes",
        models=tuple(said),
    )
    return Judged(series, verdict)


def _series(scores: Scores) -> pd.DataFrame:
    """Values of one network with 90 % intervals, point by point.

    Returns:
        Columns ``predictor``, ``reading``, ``state``, ``tokens``, ``context`` (missing for the mean
        over all), ``metric``, ``value``, ``low`` and ``high``.
    """
    names = ["predictor", "reading", "state", "tokens", "context", "metric", "value", "low", "high"]
    return pd.DataFrame(_rows(scores), columns=names)


def _rows(scores: Scores) -> Iterator[tuple[object, ...]]:
    for (cell, metric), values in scores.values.items():
        low, high = percentile(values[1:])
        for place, context in enumerate(scores.contexts):
            yield (*cell, context, metric, values[0, place], low[place], high[place])
        mean = scores.mean(cell, metric)
        low, high = percentile(mean[1:])
        yield (*cell, None, metric, mean[0], float(low), float(high))
