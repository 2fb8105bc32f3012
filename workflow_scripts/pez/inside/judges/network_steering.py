"""Edits of direction run through all networks: what is drawn, and what is said of it."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pez.evidence.schema import NO_CONTROL
from pez.inside.judged import Facts, InsideVerdict, Judged, clips_in_words
from pez.inside.spec import InsideSpec
from pez.inside.steering.effects import effects
from pez.inside.steering.verdict import verdict_of
from pez.inside.tables import read_measured

# Of the tables, beside those of all.
COLUMNS = (
    "tokens", "arm", "edited", "state", "direction_rad", "target_rad", "sin", "cos",
)  # fmt: skip


def judge(spec: InsideSpec, tables: Sequence[Path | str], facts: Facts) -> Judged:
    """Judge every model: effects of all edits in it and in its controls.

    Raises:
        ArtifactError: a table is not what its name says, or lacks a clip.
    """
    opened = read_measured(tables, spec, COLUMNS)
    parts, said = [], []
    for model in spec.models:
        found = [
            (table, effects(table.table, spec.draws, spec.seed))
            for table in opened
            if table.model == model
        ]
        ((itself, own),) = (one for one in found if one[0].control == NO_CONTROL)
        untrained = [rows for table, rows in found if table.control == "untrained"]
        other = {name: itself.known[name] for name in ("counterfactual", "apart_m")}
        parts += [table.named(rows).assign(**other) for table, rows in found]
        said.append(verdict_of(model, own, untrained, itself.known, facts.models[model]))
    clips = clips_in_words(spec, len(opened[0].known["clip_ids"]), facts.origin)
    verdict = InsideVerdict(figure=facts.figure, kind=spec.kind, clips=clips, models=tuple(said))
    return Judged(pd.concat(parts, ignore_index=True), verdict)
