"""What the removal of near keys costs in all networks: the table, and what is said of it."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pez.evidence.schema import NO_CONTROL
from pez.inside.ablation.effects import effects
from pez.inside.ablation.verdict import Asked, verdict_of
from pez.inside.judged import Facts, InsideVerdict, Judged, clips_in_words
from pez.inside.spec import InsideSpec
from pez.inside.tables import read_measured

# Of the tables, beside those of all.
COLUMNS = (
    "window", "keys", "where", "removed", "empty", "state", "task", "reading", "loss", "total",
)  # fmt: skip


def judge_removals(
    asked: Asked, spec: InsideSpec, tables: Sequence[Path | str], facts: Facts
) -> Judged:
    """Judge every model: effects of all removals in it and in its controls.

    Raises:
        ArtifactError: a table is not what its name says.
    """
    opened = read_measured(tables, spec, COLUMNS)
    parts, said = [], []
    for model in spec.models:
        own = [
            table.named(effects(table.table, spec.draws, spec.seed))
            for table in opened
            if table.model == model
        ]
        found = pd.concat(own, ignore_index=True)
        parts.append(found)
        trained = found["control"] == NO_CONTROL
        end = next(int(table.known["end"]) for table in opened if table.model == model)
        own_facts = facts.models[model]
        said.append(verdict_of(asked, model, found[trained], found[~trained], end, own_facts))
    clips = clips_in_words(spec, len(opened[0].known["clip_ids"]), facts.origin)
    verdict = InsideVerdict(
        figure=facts.figure,
        kind=spec.kind,
        clips=clips,
        brackets=f"90 % interval over {spec.clip_groups}s",
        models=tuple(said),
    )
    return Judged(pd.concat(parts, ignore_index=True), verdict)
