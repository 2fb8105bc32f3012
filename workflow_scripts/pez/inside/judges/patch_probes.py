"""Direction by patch and between halves in all networks: what figure 18 shows, and what is said."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pez.evidence.schema import NO_CONTROL
from pez.inside.judged import Facts, InsideVerdict, Judged, clips_in_words
from pez.inside.kinds.patch_probes import Section
from pez.inside.patches.arrays import reads_of
from pez.inside.patches.rows import COLUMNS
from pez.inside.patches.scores import weights_of
from pez.inside.patches.series import scored, series_of
from pez.inside.patches.spoken import verdicts
from pez.inside.spec import InsideSpec
from pez.inside.tables import read_measured


def judge(spec: InsideSpec, tables: Sequence[Path | str], facts: Facts) -> Judged:
    """Judge every model beside its controls.

    Returns:
        Rows as in `pez.inside.patches.series`, and for every model a verdict on spread and one on
        each kind of halves.

    Raises:
        ArtifactError: a table is not what its name says, or lacks rows.
    """
    assert isinstance(spec, Section)
    opened = read_measured(tables, spec, COLUMNS)
    parts, said = [], []
    for model in spec.models:
        networks = []
        for table in opened:
            if table.model != model:
                continue
            reads = reads_of(table)
            weights = weights_of(reads.conditions, spec.draws, spec.seed)
            found = scored(reads, weights, spec.distances, spec.far)
            own = table.control == NO_CONTROL
            rows = series_of(reads, found, spec.distances, spec.far, with_levels=own)
            parts.append(table.named(rows))
            networks.append((table.control, table.seed, found))
        said += verdicts(model, facts.models[model], spec.far, networks)
    clips = clips_in_words(spec, len(opened[0].known["clip_ids"]), facts.origin)
    verdict = InsideVerdict(figure=facts.figure, kind=spec.kind, clips=clips, models=tuple(said))
    return Judged(pd.concat(parts, ignore_index=True), verdict)
