"""Out-of-fold predictions of some cells of a model, for people to look at."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from pez.audit.folds import make_plan
from pez.audit.grid import Cell, cells_of
from pez.audit.readings import Readings, read_states, side_by_side
from pez.audit.spec import AuditSpec
from pez.audit.variables import fitted
from pez.runtime.tensor_file import write_tensors
from pez.solvers.leave_out import spectrum


def shown_cells(audit: AuditSpec, kind: str, dataset: str) -> list[Cell]:
    """Cells that differ from the primary one in target and pooling alone."""
    primary = audit.primary
    return [
        cell
        for cell in cells_of(kind, dataset, audit.axes, primary, ())
        if cell.normalisation == primary.normalisation
        and cell.fold_seed == primary.fold_seed
        and cell.selection == primary.selection
        and cell.grouping in (primary.grouping, "scene")
    ]


def write_predictions(
    path: Path | str,
    cells: Sequence[Cell],
    stack: Callable[[str], Sequence[Tensor]],
    labels: pd.DataFrame,
    audit: AuditSpec,
    network: str,
    identity: Mapping[str, Any],
) -> None:
    """Predict every clip of ``cells`` by the fold that holds it out, at every state.

    Args:
        path: file with ``predictions``, float16 [cells, S, n, k], and ``targets``, float32 [cells,
            n, k], k that of the widest target; what is beyond a target's own is 0.
        cells: that differ in target and pooling alone (`shown_cells`).
        stack: gives the features of states 0 .. L in a pooling, float32 [n, D] each.
        labels: one row per clip.
        audit: penalties and number of folds.
        network: whose features they are.
        identity: of features and labels, for the file's metadata.
    """
    truths = {cell.target: fitted(labels, cell.target) for cell in cells}
    width = max(truth.shape[1] for truth in truths.values())
    together, columns = side_by_side(truths)
    plan = make_plan(labels, cells[0].grouping, cells[0].fold_seed, audit.folds)
    read: dict[str, Readings] = {}
    for cell in cells:
        if cell.pooling not in read:
            spectra = (spectrum(features, cell.normalisation) for features in stack(cell.pooling))
            (read[cell.pooling],) = read_states(spectra, together, [plan.folds], audit.alphas)
    found = [read[cell.pooling].select(cell.selection, columns[cell.target]) for cell in cells]
    curves = [
        {**cell.columns(), "network": network, "control": "none", "outputs": values.shape[2]}
        for cell, values in zip(cells, found, strict=True)
    ]
    predictions = np.stack([_wide(values, width) for values in found])
    targets = np.stack([_wide(truths[cell.target], width) for cell in cells])
    tensors: dict[str, np.ndarray] = {
        "predictions": predictions.astype(np.float16),
        "targets": targets.astype(np.float32),
    }
    write_tensors(path, tensors, {**identity, "curves": curves})


def _wide(values: np.ndarray, width: int) -> np.ndarray:
    """Add outputs of 0 up to ``width``."""
    rest = [(0, 0)] * (values.ndim - 1)
    return np.pad(values, [*rest, (0, width - values.shape[-1])])
