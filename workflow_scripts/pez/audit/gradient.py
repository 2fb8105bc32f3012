"""Cells that are fitted by gradient descent: the subset in which solvers are compared."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from pez.audit.folds import Fold
from pez.recipes.spec import GradientSolver, Normalisation, Selection
from pez.recipes.splits import Split
from pez.solvers.selection import fit_layers
from pez.solvers.task import Task

SELECTIONS: tuple[Selection, ...] = ("validation", "nested")
MEMORY = 2 << 30  # bytes for one batch of fits


def gradient_predictions(
    stack: Sequence[Tensor],
    targets: np.ndarray,
    folds: Sequence[Fold],
    normalisation: Normalisation,
    solver: GradientSolver,
) -> Mapping[str, np.ndarray]:
    """Fit all configurations of ``solver`` at every state, one state after the other.

    Args:
        stack: features of states 0 .. L, float32 [n, D] each.
        targets: float64 [n, outputs].
        folds: with clips that pick within the training clips.
        normalisation: of the features, fitted in every fold.
        solver: the grid.

    Returns:
        Out-of-fold predictions by selection, float64 [S, n, outputs].
    """
    splits = [_splits(fold, len(targets)) for fold in folds]
    outer, inner = ([pair[place] for pair in splits] for place in (0, 1))
    task = Task(targets, outer, inner, SELECTIONS, normalisation, solver, MEMORY)
    torch.set_float32_matmul_precision("highest")
    found: dict[str, list[np.ndarray]] = {selection: [] for selection in SELECTIONS}
    for features in stack:
        for selection, choice in fit_layers(task, features[None]).items():
            predictions = np.full_like(targets, np.nan)
            for place, split in enumerate(outer):
                predictions[split.held_out] = choice.predictions[0, place][split.held_out]
            found[selection].append(predictions)
    return {selection: np.stack(states) for selection, states in found.items()}


def _splits(fold: Fold, clips: int) -> tuple[Split, Split]:
    held_out, seen = np.zeros((2, clips), dtype=bool)
    held_out[fold.held_out], seen[fold.seen] = True, True
    return Split(~held_out, held_out), Split(~held_out & ~seen, seen)
