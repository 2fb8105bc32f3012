"""Figures of possible against impossible movies: chance, ceiling, and the shortcut's signature."""

from collections.abc import Sequence

import pandas as pd

from pez.emergence.chance import binomial_scale, scenes_per_fold
from pez.emergence.figure_evidence import FigureEvidence
from pez.emergence.figure_verdict import Remarks
from pez.emergence.readout import Readout
from pez.emergence.series import (
    chance_row,
    curve_rows,
    first_selections,
    level_row,
    pez_row,
    placed,
    reference_rows,
)
from pez.emergence.shortcut import CEILING, confusions


def series(
    evidence: FigureEvidence, model: str, readouts: Sequence[Readout], references: pd.DataFrame
) -> list[pd.DataFrame]:
    """Parts of the table of ``model``, in order: of every readout, constant lines first."""
    parts: list[pd.DataFrame] = []
    for readout in readouts:
        firsts = first_selections([readout])
        if firsts:
            parts += _levels(evidence, model, readout)
        parts.append(curve_rows(model, readout))
        parts += [pez_row(model, one) for one in firsts]
        parts += [reference_rows(model, one, references) for one in firsts]
    return parts


def remarks(evidence: FigureEvidence, model: str) -> Remarks:
    """Confusion matrices of every recipe, and how far chance alone moves an accuracy."""
    tables = [(recipe, evidence.table(model, recipe.name)) for recipe in evidence.recipes]
    matrices = [
        one for recipe, table in tables for one in confusions(table, recipe, evidence.subsets)
    ]
    scale = binomial_scale(tables[0][1], evidence.title, evidence.subsets)
    return Remarks(tuple(matrices), (scale,))


def _levels(evidence: FigureEvidence, model: str, readout: Readout) -> list[pd.DataFrame]:
    scenes = scenes_per_fold(evidence.table(model, readout.recipe.name), readout.subset)
    levels = [chance_row(int(scenes.sum()))]
    if readout.metric == "clip_accuracy":
        levels.append(level_row("ceiling", CEILING, "three of a scene's four movies"))
    return [placed(level, model, readout) for level in levels]
