"""Sequences of orthogonal probes in all networks: what is drawn, and what is said of it."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pez.inside.judged import Facts, InsideVerdict, Judged, clips_in_words
from pez.inside.kinds.probe_sequences import Section
from pez.inside.sequences.alternation import judge_scores
from pez.inside.sequences.beside import COLUMNS, beside
from pez.inside.sequences.counts import judge_counts
from pez.inside.sequences.overlap_verdict import judge_overlap
from pez.inside.sequences.steering_verdict import judge_steering
from pez.inside.spec import InsideSpec
from pez.inside.tables import read_measured


def judge(spec: InsideSpec, tables: Sequence[Path | str], facts: Facts) -> Judged:
    """Judge the picture that ``facts`` name, for every model.

    Raises:
        ArtifactError: a table is not what its name says.
    """
    assert isinstance(spec, Section)
    opened = read_measured(tables, spec, COLUMNS, of_clips=False)
    series, said = [], []
    for model in spec.models:
        own, known = beside(opened, model), facts.models[model]
        match facts.picture:
            case "probe_counts":
                rows, verdict = judge_counts(own, known)
            case "probe_scores":
                rows, verdict = judge_scores(own, known)
            case "subspace_overlap":
                rows, verdict = judge_overlap(own, spec.haar, known)
            case "probe_steering":
                rows, verdict = judge_steering(own, known)
        series.append(rows.assign(near=own.near))
        said.append(verdict)
    clips = clips_in_words(spec, len(opened[0].known["clip_ids"]), facts.origin)
    if spec.movies is not None and facts.picture != "probe_steering":
        clips += f"; for plausibility the movies of {spec.movies}"
    verdict_of_all = InsideVerdict(
        figure=facts.figure,
        kind=spec.kind,
        clips=clips,
        brackets="the least and the largest over draws of clips",
        models=tuple(said),
    )
    return Judged(pd.concat(series, ignore_index=True), verdict_of_all)
