"""Attention distances of all networks: what figures 3 and 19 show, and what is said of them."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pez.inside.attention_heads import judge_heads
from pez.inside.attention_layers import judge_layers
from pez.inside.attention_tables import beside
from pez.inside.judged import Facts, InsideVerdict, Judged, clips_in_words
from pez.inside.spec import InsideSpec
from pez.inside.tables import read_measured

COLUMNS = ("block", "head", "measure", "value")  # of the tables, beside those of all


def judge(spec: InsideSpec, tables: Sequence[Path | str], facts: Facts) -> Judged:
    """Judge the picture that ``facts`` name, for every model.

    Raises:
        ArtifactError: a table is not what its name says, or lacks a clip, block, head or measure.
    """
    opened = read_measured(tables, spec, COLUMNS)
    series, found = [], []
    for model in spec.models:
        own = beside(opened, model, spec.draws, spec.seed)
        match facts.picture:
            case "attention_layers":
                rows, said = judge_layers(own, facts.models[model])
            case "attention_heads":
                rows, said = judge_heads(own, facts.models[model])
        series.append(rows)
        found.append(said)
    clips = clips_in_words(spec, len(opened[0].known["clip_ids"]), facts.origin)
    verdict = InsideVerdict(figure=facts.figure, kind=spec.kind, clips=clips, models=tuple(found))
    return Judged(pd.concat(series, ignore_index=True), verdict)
