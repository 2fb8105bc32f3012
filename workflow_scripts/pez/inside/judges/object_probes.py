"""What probes of single objects read in all networks: the table, and what is said of it."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pez.evidence.schema import NO_CONTROL
from pez.inside.judged import Facts, InsideVerdict, Judged, clips_in_words
from pez.inside.objects.scores import AllScores, scores_of
from pez.inside.objects.series import series
from pez.inside.objects.verdict import verdict_of
from pez.inside.spec import InsideSpec
from pez.inside.tables import read_measured

# Of the tables, beside those of all.
COLUMNS = (
    "tokens", "kind", "target", "whose", "state", "loss", "beside", "scene", "beside_place",
    "place", "total",
)  # fmt: skip
_UNTRAINED = "untrained"


def judge(spec: InsideSpec, tables: Sequence[Path | str], facts: Facts) -> Judged:
    """Judge every model: scores in it and in its controls.

    Raises:
        ArtifactError: a table is not what its name says.
    """
    opened = read_measured(tables, spec, COLUMNS)
    parts, said = [], []
    for model in spec.models:
        own = [table for table in opened if table.model == model]
        pairs = [(one, _scores(one.table, spec)) for one in own]
        parts += [one.named(series(scores)) for one, scores in pairs]
        (itself,) = [scores for one, scores in pairs if one.control == NO_CONTROL]
        untrained = [scores for one, scores in pairs if one.control == _UNTRAINED]
        said.append(verdict_of(model, itself, untrained, facts.models[model]))
    verdict = InsideVerdict(
        figure=facts.figure,
        kind=spec.kind,
        clips=clips_in_words(spec, len(opened[0].known["clip_ids"]), facts.origin),
        brackets="90 % interval over clips",
        models=tuple(said),
    )
    return Judged(pd.concat(parts, ignore_index=True), verdict)


def _scores(table: pd.DataFrame, spec: InsideSpec) -> AllScores:
    return {
        str(tokens): {
            str(target): scores_of(rows, str(target), spec.draws, spec.seed)
            for target in rows["target"].unique()
        }
        for tokens, rows in table.groupby("tokens", sort=False, observed=True)
    }
