"""Courses of tasks as rows of what is drawn."""

from collections.abc import Iterator, Mapping

from pez.estimands.intervals import percentile
from pez.evidence.schema import NO_CONTROL
from pez.inside.tables import NetworkTable
from pez.inside.tasks.course import ESTIMANDS, Course, estimand_interval

DRAWN = ("model", "control", "seed", "task", "kind", "state", "value", "low", "high")
ACCURACY, CHANCE = "accuracy", "chance"  # kinds of row, beside the estimands


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
