"""Temporal order beside direction and place in all networks: what figure 12 shows and says."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from pez.estimands.intervals import percentile
from pez.evidence.schema import NO_CONTROL
from pez.inside.judged import Facts, InsideVerdict, Judged, clips_in_words
from pez.inside.order.course import ESTIMANDS, Course, courses, estimand_interval
from pez.inside.order.verdict import verdict_of
from pez.inside.spec import InsideSpec
from pez.inside.tables import NetworkTable, read_measured

COLUMNS = ("task", "state", "right")  # of the tables, beside those of all, ...
DRAWN = (  # ... and of what is drawn
    "model", "control", "seed", "task", "kind", "state", "value", "low", "high",
)  # fmt: skip
ACCURACY, CHANCE = "accuracy", "chance"  # kinds of row, beside the estimands


def judge(spec: InsideSpec, tables: Sequence[Path | str], facts: Facts) -> Judged:
    """Judge every model: courses of all tasks in it and in its controls.

    Raises:
        ArtifactError: a table is not what its name says, or lacks states of a clip.
    """
    opened = read_measured(tables, spec, COLUMNS)
    rows, said = [], []
    for model in spec.models:
        networks = [table for table in opened if table.model == model]
        found = [courses(one.table, one.known, spec.draws, spec.seed) for one in networks]
        for table, own in zip(networks, found, strict=True):
            rows += list(_rows(table, own))
        (itself,) = (one for one in networks if one.control == NO_CONTROL)
        untrained = [
            own for table, own in zip(networks, found, strict=True) if table.control == "untrained"
        ]
        own = found[networks.index(itself)]
        unequal = float(itself.known["unequal"])
        said.append(verdict_of(model, own, untrained, unequal, facts.models[model]))
    series = pd.DataFrame(rows, columns=list(DRAWN)).astype({"seed": "Int64", "state": "Int64"})
    clips = clips_in_words(spec, len(opened[0].known["clip_ids"]), facts.origin)
    verdict = InsideVerdict(figure=facts.figure, kind=spec.kind, clips=clips, models=tuple(said))
    return Judged(series, verdict)


def _rows(table: NetworkTable, found: Mapping[str, Course]) -> Iterator[tuple[object, ...]]:
    """Accuracies with 90 % intervals, point by point; of the model also chance and estimands."""
    for task, course in found.items():
        whose = (table.model, table.control, table.seed, task)
        low, high = percentile(course.draws)
        for state, value in enumerate(course.accuracy):
            yield (*whose, ACCURACY, state, value, low[state], high[state])
        if table.control != NO_CONTROL:
            continue
        yield (*whose, CHANCE, None, course.chance, None, None)
        estimated = course.estimates()
        for name in ESTIMANDS:
            yield (*whose, name, None, *estimand_interval(estimated, name))
