"""Temporal order beside direction and place in all networks: what figure 12 shows and says."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pez.evidence.schema import NO_CONTROL
from pez.inside.judged import Facts, InsideVerdict, Judged, clips_in_words
from pez.inside.order.verdict import verdict_of
from pez.inside.spec import InsideSpec
from pez.inside.tables import read_measured
from pez.inside.tasks.course import courses
from pez.inside.tasks.series import DRAWN, course_rows

COLUMNS = ("task", "state", "right")  # of the tables, beside those of all


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
            rows += list(course_rows(table, own))
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
