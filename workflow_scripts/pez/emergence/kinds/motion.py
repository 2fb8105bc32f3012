"""Figures of motion probes: curves, and the points of a reference."""

from collections.abc import Sequence

import pandas as pd

from pez.emergence.figure_evidence import FigureEvidence
from pez.emergence.figure_verdict import Remarks
from pez.emergence.readout import Readout
from pez.emergence.series import curve_rows, first_selections, pez_row, reference_rows


def series(
    evidence: FigureEvidence, model: str, readouts: Sequence[Readout], references: pd.DataFrame
) -> list[pd.DataFrame]:
    """Parts of the table of ``model``, in order."""
    firsts = first_selections(readouts)
    one_each = {readout.recipe.probe: readout for readout in firsts}
    return [
        *(curve_rows(model, readout) for readout in readouts),
        *(pez_row(model, readout) for readout in firsts),
        *(reference_rows(model, readout, references) for readout in one_each.values()),
    ]


def remarks(evidence: FigureEvidence, model: str) -> Remarks:
    """Nothing that the curves do not tell."""
    return Remarks()
