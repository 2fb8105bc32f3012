"""Courses of tasks as rows of what is drawn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from pez.estimands.intervals import percentile
from pez.evidence.schema import NO_CONTROL
from pez.inside.spec import InsideSpec
from pez.inside.tables import NetworkTable
from pez.inside.tasks.course import ESTIMANDS, Course, courses, estimand_interval

DRAWN = ("model", "control", "seed", "task", "kind", "state", "value", "low", "high")
ACCURACY, CHANCE = "accuracy", "chance"  # kinds of row, beside the estimands


@dataclass(frozen=True)
class ModelCourses:
    """Courses of the tasks of one model.

    Attributes:
        itself: what was measured in it.
        own: its courses.
        untrained: courses in its untrained networks.
        rows: of these and of other controls, what is drawn: `DRAWN`.
    """

    itself: NetworkTable
    own: Mapping[str, Course]
    untrained: Sequence[Mapping[str, Course]]
    rows: Sequence[tuple[object, ...]]


def courses_of_model(model: str, tables: Sequence[NetworkTable], spec: InsideSpec) -> ModelCourses:
    """Courses in ``model`` and in its controls, whose tables are among ``tables``.

    Raises:
        ArtifactError: a table lacks states of a clip.
    """
    found = [
        (one, courses(one.table, one.known, spec.draws, spec.seed))
        for one in tables
        if one.model == model
    ]
    ((itself, own),) = (one for one in found if one[0].control == NO_CONTROL)
    return ModelCourses(
        itself,
        own,
        [of for table, of in found if table.control == "untrained"],
        [row for table, of in found for row in course_rows(table, of)],
    )


def drawn_table(rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    """``rows`` as a table with the columns `DRAWN`."""
    return pd.DataFrame(rows, columns=list(DRAWN)).astype({"seed": "Int64", "state": "Int64"})


def course_rows(table: NetworkTable, found: Mapping[str, Course]) -> Iterator[tuple[object, ...]]:
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
