"""What is read of several objects in all networks: what the figure shows and says."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from pez.estimands.intervals import percentile
from pez.evidence.schema import NO_CONTROL
from pez.inside.judged import Facts, InsideVerdict, Judged
from pez.inside.scenes.verdict import verdict_of
from pez.inside.spec import InsideSpec
from pez.inside.tables import NetworkTable, read_measured
from pez.inside.tasks.course import Course, courses
from pez.inside.tasks.series import DRAWN, course_rows

COLUMNS = ("task", "read_from", "state", "right")  # of the tables, beside those of all
NUMBERS = "numbers"  # kind of row beside those of courses: accuracy from the numbers of objects


def judge(spec: InsideSpec, tables: Sequence[Path | str], facts: Facts) -> Judged:
    """Judge every model: courses of all tasks in it and in its controls.

    Raises:
        ArtifactError: a table is not what its name says, or lacks states of a clip.
    """
    opened = read_measured(tables, spec, COLUMNS)
    rows, said = [], []
    for model in spec.models:
        networks = [table for table in opened if table.model == model]
        found = [_courses(one, "network", spec) for one in networks]
        for table, own in zip(networks, found, strict=True):
            rows += list(course_rows(table, own))
        (itself,) = (one for one in networks if one.control == NO_CONTROL)
        alone = _courses(itself, "numbers", spec)
        rows += list(_numbers(itself, alone))
        untrained = [
            own for table, own in zip(networks, found, strict=True) if table.control == "untrained"
        ]
        own = found[networks.index(itself)]
        said.append(verdict_of(model, own, alone, untrained, facts.models[model]))
    series = pd.DataFrame(rows, columns=list(DRAWN)).astype({"seed": "Int64", "state": "Int64"})
    count = len(opened[0].known["clip_ids"])
    verdict = InsideVerdict(
        figure=facts.figure,
        kind=spec.kind,
        clips=f"{count} of {spec.dataset} ({facts.origin})",
        brackets="90 % interval over clips",
        models=tuple(said),
    )
    return Judged(series, verdict)


def _courses(table: NetworkTable, read_from: str, spec: InsideSpec) -> dict[str, Course]:
    rows = table.table[table.table["read_from"] == read_from]
    return courses(rows, table.known, spec.draws, spec.seed)


def _numbers(table: NetworkTable, alone: Mapping[str, Course]) -> Iterator[tuple[object, ...]]:
    for task, course in alone.items():
        low, high = (one[0] for one in percentile(course.draws))
        whose = (table.model, table.control, table.seed, task)
        yield (*whose, NUMBERS, None, course.accuracy[0], low, high)
