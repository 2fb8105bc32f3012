"""What the removal of near keys costs in all networks: the table, and what is said of it."""

from collections.abc import Sequence

import pandas as pd

from pez.evidence.schema import NO_CONTROL
from pez.inside.ablation.effects import effects
from pez.inside.ablation.verdict import verdict_of
from pez.inside.judged import Facts, InsideVerdict, Judged
from pez.inside.spec import InsideSpec
from pez.inside.tables import NetworkTable

COLUMNS = (
    "window",
    "keys",
    "where",
    "removed",
    "empty",
    "state",
    "task",
    "reading",
    "loss",
    "total",
)  # fmt: skip; of the tables, beside those of all


def judge(spec: InsideSpec, tables: Sequence[NetworkTable], facts: Facts) -> Judged:
    """Judge every model: effects of all removals in it and in its controls."""
    parts, verdicts = [], []
    for model in spec.models:
        own = [
            effects(table.table, spec.draws, spec.seed).assign(
                model=model, control=table.control, seed=table.seed
            )
            for table in tables
            if table.model == model
        ]
        found = pd.concat(own, ignore_index=True)
        found["seed"] = found["seed"].astype("Int64")
        parts.append(found[["model", "control", "seed", *found.columns.drop(_WHOSE)]])
        trained = found["control"] == NO_CONTROL
        verdicts.append(verdict_of(model, found[trained], found[~trained], facts.models[model]))
    verdict = InsideVerdict(
        figure=facts.figure, kind=spec.kind, clips=facts.clips, models=tuple(verdicts)
    )
    return Judged(pd.concat(parts, ignore_index=True), verdict)


_WHOSE = ["model", "control", "seed"]
