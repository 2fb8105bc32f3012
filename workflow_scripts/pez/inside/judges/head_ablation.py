"""What the loss of local heads costs in all networks: the table, and what is said of it."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pez.evidence.schema import NO_CONTROL
from pez.inside.ablation.readings import DIRECTION, REFIT
from pez.inside.heads.costs import Costs
from pez.inside.heads.effects import effects, scores
from pez.inside.heads.sets import LOCAL
from pez.inside.heads.verdict import verdict_of
from pez.inside.judged import Facts, InsideVerdict, Judged, clips_in_words
from pez.inside.spec import InsideSpec
from pez.inside.tables import read_measured

# Of the tables, beside those of all.
COLUMNS = ("heads", "distance", "written", "state", "task", "reading", "loss", "total")


def judge(spec: InsideSpec, tables: Sequence[Path | str], facts: Facts) -> Judged:
    """Judge every model: effects of all losses in it and in its controls.

    Raises:
        ArtifactError: a table is not what its name says.
    """
    opened = read_measured(tables, spec, COLUMNS)
    parts, said = [], []
    for model in spec.models:
        networks = [table for table in opened if table.model == model]
        own = [table.named(effects(table.table, spec.draws, spec.seed)) for table in networks]
        found = pd.concat(own, ignore_index=True)
        parts.append(found)
        (itself,) = (table for table in networks if table.control == NO_CONTROL)
        read = (int(itself.known["end"]), DIRECTION, REFIT)
        said.append(
            verdict_of(
                model,
                found[found["control"] == NO_CONTROL],
                found[found["control"] == "untrained"],
                Costs.of(scores(itself.table, spec.draws, spec.seed), read),
                itself.known["head_sets"][LOCAL],
                facts.models[model],
            )
        )
    clips = clips_in_words(spec, len(opened[0].known["clip_ids"]), facts.origin)
    verdict = InsideVerdict(figure=facts.figure, kind=spec.kind, clips=clips, models=tuple(said))
    return Judged(pd.concat(parts, ignore_index=True), verdict)
