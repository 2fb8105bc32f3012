"""Tuning of units in all networks: what figures 4, 20 and 21 show, and what is said of it."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pez.evidence.schema import NO_CONTROL
from pez.inside.judged import Facts, InsideVerdict, Judged, clips_in_words
from pez.inside.kinds.unit_tuning import Section
from pez.inside.spec import InsideSpec
from pez.inside.tables import NetworkTable, read_measured
from pez.inside.tuning.readings import GIVEN_PLACE, PLAIN, READINGS
from pez.inside.tuning.ring import units_of
from pez.inside.tuning.verdict import Looked, judge_direction, judge_speed, judge_vectors

COLUMNS = ("point", "block", "reading", "variable", "unit", "best", "preferred", "gain", "p")
_UNTRAINED = "untrained"


def judge(spec: InsideSpec, tables: Sequence[Path | str], facts: Facts) -> Judged:
    """Judge the picture that ``facts`` name, for every model.

    Returns:
        What is drawn: one row per unit of the model and of its first untrained network, with
        ``model, control, seed, tuned`` and the columns of the tables; ``low`` and ``high`` are the
        ends of the bins.

    Raises:
        ArtifactError: a table is not what its name says, or lacks what is judged.
    """
    assert isinstance(spec, Section)
    opened = read_measured(tables, spec, COLUMNS, of_clips=False)
    series, found = [], []
    for model in spec.models:
        own = [table for table in opened if table.model == model]
        zone = int(own[0].known["zone"])
        blocks = sorted(int(block) for block in own[0].table["block"].unique())
        looked = Looked(own, spec.points[0], zone, blocks, spec.points[1:])
        known = facts.models[model]
        match facts.picture:
            case "unit_tuning":
                said = judge_direction(looked, model, known)
                asked = [(zone, name, "direction") for name in READINGS]
                asked.append((zone, PLAIN, "speed"))
            case "tuning_vectors":
                said = judge_vectors(looked, model, known)
                asked = [(block, PLAIN, "direction") for block in blocks]
                asked.append((zone, GIVEN_PLACE, "direction"))
            case "speed_tuning":
                said = judge_speed(looked, model, known)
                asked = [(zone, name, "speed") for name in READINGS]
        series += [_rows(table, spec.points[0], *one) for table in _shown(own) for one in asked]
        found.append(said)
    clips = clips_in_words(spec, len(opened[0].known["clip_ids"]), facts.origin)
    verdict = InsideVerdict(figure=facts.figure, kind=spec.kind, clips=clips, models=tuple(found))
    return Judged(pd.concat(series, ignore_index=True), verdict)


def _shown(tables: Sequence[NetworkTable]) -> list[NetworkTable]:
    """The model, and its first untrained network."""
    untrained = [table for table in tables if table.control == _UNTRAINED]
    return [*(table for table in tables if table.control == NO_CONTROL), *untrained[:1]]


def _rows(table: NetworkTable, point: str, block: int, reading: str, variable: str) -> pd.DataFrame:
    units = units_of(table, point, block, reading, variable)
    edges = table.known["edges"][f"{point}/{block}/{reading}/{variable}"]
    told = {"tuned": units.tuned, "low": edges[0], "high": edges[-1]}
    rows = units.rows.astype(dict.fromkeys(("point", "reading", "variable"), str))
    return table.named(rows.assign(**told)[[*told, *rows.columns]])
