"""Temporal order beside direction and place in all networks: what figure 12 shows and says."""

from collections.abc import Sequence
from pathlib import Path

from pez.inside.judged import Facts, InsideVerdict, Judged, clips_in_words
from pez.inside.order.verdict import verdict_of
from pez.inside.spec import InsideSpec
from pez.inside.tables import read_measured
from pez.inside.tasks.series import courses_of_model, drawn_table

COLUMNS = ("task", "state", "right")  # of the tables, beside those of all


def judge(spec: InsideSpec, tables: Sequence[Path | str], facts: Facts) -> Judged:
    """Judge every model: courses of all tasks in it and in its controls.

    Raises:
        ArtifactError: a table is not what its name says, or lacks states of a clip.
    """
    opened = read_measured(tables, spec, COLUMNS)
    rows: list[tuple[object, ...]] = []
    said = []
    for model in spec.models:
        found = courses_of_model(model, opened, spec)
        rows += found.rows
        unequal = float(found.itself.known["unequal"])
        said.append(verdict_of(model, found.own, found.untrained, unequal, facts.models[model]))
    clips = clips_in_words(spec, len(opened[0].known["clip_ids"]), facts.origin)
    verdict = InsideVerdict(figure=facts.figure, kind=spec.kind, clips=clips, models=tuple(said))
    return Judged(drawn_table(rows), verdict)
