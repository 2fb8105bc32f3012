"""What is read of several objects in all networks: what the figure shows and says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pez.estimands.intervals import percentile
from pez.evidence.schema import NO_CONTROL
from pez.inside.judged import Facts, InsideVerdict, Judged, clips_in_words
from pez.inside.scenes.verdict import verdict_of
from pez.inside.spec import InsideSpec
from pez.inside.tables import NetworkTable, read_measured
from pez.inside.tasks.course import Course, courses
from pez.inside.tasks.series import courses_of_model, drawn_table

COLUMNS = ("task", "read_from", "state", "right")  # of the tables, beside those of all
NUMBERS = "numbers"  # kind of row beside those of courses: accuracy from the numbers of objects


def judge(spec: InsideSpec, tables: Sequence[Path | str], facts: Facts) -> Judged:
    """Judge every model: courses of all tasks in it and in its controls.

    Raises:
        ArtifactError: a table is not what its name says, or lacks states of a clip.
    """
    opened = read_measured(tables, spec, COLUMNS)
    networks, numbers = (_read_from(source, opened) for source in ("network", "numbers"))
    rows: list[tuple[object, ...]] = []
    said = []
    for model in spec.models:
        found = courses_of_model(model, networks, spec)
        (itself,) = (one for one in numbers if one.model == model and one.control == NO_CONTROL)
        alone = courses(itself.table, itself.known, spec.draws, spec.seed)
        rows += [*found.rows, *_numbers(itself, alone)]
        said.append(verdict_of(model, found.own, alone, found.untrained, facts.models[model]))
    verdict = InsideVerdict(
        figure=facts.figure,
        kind=spec.kind,
        clips=clips_in_words(spec, len(opened[0].known["clip_ids"]), facts.origin),
        brackets="90 % interval over clips",
        models=tuple(said),
    )
    return Judged(drawn_table(rows), verdict)


def _read_from(source: str, tables: Sequence[NetworkTable]) -> list[NetworkTable]:
    return [replace(one, table=one.table[one.table["read_from"] == source]) for one in tables]


def _numbers(table: NetworkTable, alone: Mapping[str, Course]) -> Iterator[tuple[object, ...]]:
    for task, course in alone.items():
        low, high = (one[0] for one in percentile(course.draws))
        whose = (table.model, table.control, table.seed, task)
        yield (*whose, NUMBERS, None, course.accuracy[0], low, high)
