"""Tasks read from every residual state by ridge probes whose penalty is picked on inner folds.

Answers are read off predictions less the mean target of the training rows. A probe that finds
nothing predicts that mean, and of classes that are held out there are fewer among the training
rows: its answer would be wrong more often than by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from torch import Tensor

from pez.audit.folds import Fold
from pez.audit.readings import read_states, side_by_side
from pez.inside.tasks.task import Task
from pez.solvers.leave_out import Spectrum, spectrum

_CHUNK = 25  # permutations fitted together


@dataclass(frozen=True)
class Read:
    """What came of a task.

    Attributes:
        right: of every clip by the fold that holds it out, float64 [S, clips].
        permuted: accuracies with labels dealt out at random, float64 [P, S].
    """

    right: np.ndarray
    permuted: np.ndarray


def twice(fold: Fold, clips: int) -> Fold:
    """``fold`` of clips that stand there twice, ``clips`` rows apart: the two stay together."""

    def both(rows: np.ndarray | None) -> np.ndarray | None:
        return None if rows is None else np.concatenate([rows, rows + clips])

    held_out, seen = both(fold.held_out), both(fold.seen)
    assert held_out is not None and seen is not None
    return Fold(held_out, seen, both(fold.train), both(fold.train_inner))


def read_task(
    task: Task,
    states: Tensor,
    folds: Sequence[Fold],
    alphas: Sequence[float],
    permutations: int,
    seed: int,
) -> Read:
    """Read ``task`` from every state, and again with labels dealt out at random.

    Args:
        task: of the rows.
        states: features float32 [S, rows, D], scaled to variance 1 over all rows.
        folds: of the rows.
        alphas: penalties; those of each state and fold are picked by squared error on inner rows.
        permutations: how often labels are dealt out.
        seed: of the dealing.
    """
    spectra = [spectrum(features, "zscore") for features in states]
    (found,) = _predictions(spectra, [task], folds, alphas)
    random = np.random.default_rng(seed)
    permuted = []
    for first in range(0, permutations, _CHUNK):
        dealt = [task.dealt(random) for _ in range(min(_CHUNK, permutations - first))]
        parts = _predictions(spectra, dealt, folds, alphas)
        permuted += [one.right(part).mean(axis=1) for one, part in zip(dealt, parts, strict=True)]
    return Read(task.right(found), np.stack(permuted))


def read_rows(right: np.ndarray, labels: pd.DataFrame, **named: str) -> pd.DataFrame:
    """Lay out who is told ``right`` [S, clips] as one row per state and clip.

    Args:
        right: as `Read` has it.
        labels: ``clip_id`` and ``condition`` of the clips.
        named: columns before the others, with the one value that each has.
    """
    states, clips = right.shape
    return pd.DataFrame(
        {
            **named,
            "state": np.repeat(np.arange(states), clips),
            "clip_id": np.tile(labels["clip_id"].to_numpy(), states),
            "condition": np.tile(labels["condition"].to_numpy(), states),
            "right": right.ravel(),
        }
    )


def _predictions(
    spectra: Sequence[Spectrum],
    tasks: Sequence[Task],
    folds: Sequence[Fold],
    alphas: Sequence[float],
) -> list[np.ndarray]:
    """Out-of-fold predictions of every task less training means, float64 [S, rows, outputs]."""
    together, columns = side_by_side({number: task.targets for number, task in enumerate(tasks)})
    means = np.empty_like(together)
    for fold in folds:
        among = np.delete(together, fold.held_out, axis=0)
        means[fold.held_out] = (among if fold.train is None else together[fold.train]).mean(axis=0)
    (found,) = read_states(spectra, together, [folds], alphas)
    return [found.select("nested", own) - means[:, own] for own in columns.values()]
