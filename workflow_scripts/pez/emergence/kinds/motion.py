"""Figures of numbers or classes: chance where it is known, curves, points of a reference."""

from collections.abc import Sequence

import pandas as pd

from pez.emergence.figure_evidence import FigureEvidence
from pez.emergence.figure_verdict import Remarks
from pez.emergence.readout import Readout
from pez.emergence.series import (
    curve_rows,
    first_selections,
    level_row,
    pez_row,
    placed,
    reference_rows,
)


def series(
    evidence: FigureEvidence, model: str, readouts: Sequence[Readout], references: pd.DataFrame
) -> list[pd.DataFrame]:
    """Parts of the table of ``model``, in order."""
    firsts = first_selections(readouts)
    one_each = {readout.recipe.probe: readout for readout in firsts}
    return [
        *(_chance(model, readout) for readout in firsts if readout.chance is not None),
        *(curve_rows(model, readout) for readout in readouts),
        *(pez_row(model, readout) for readout in firsts),
        *(reference_rows(model, readout, references) for readout in one_each.values()),
    ]


def _chance(model: str, readout: Readout) -> pd.DataFrame:
    level = level_row("chance", readout.score.chance, "share of the largest class")
    return placed(level, model, readout)


def remarks(evidence: FigureEvidence, model: str) -> Remarks:
    """Nothing that the curves do not tell."""
    return Remarks()
