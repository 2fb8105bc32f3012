"""Ridge probes of every question at every residual state, and beside the scene's motion.

A fit of all clips gives those with some left out exactly (`pez.solvers.leave_out`); features are
scaled once, on all clips that hold the kind.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from pez.encoders.transformer import Encoder
from pez.inside.objects.targets import Array, Question
from pez.recipes.splits import group_k_fold, nested_split
from pez.solvers.leave_out import Fits, Spectrum, beside, covariates_alone, spectrum

_Fold = tuple[Tensor, Tensor]  # numbers of the clips reported on, and of those to pick a penalty by


def pooled_states(encoder: Encoder, pixels: Tensor) -> Tensor:
    """Mean over all tokens of every residual state, float32 [L + 1, clips, D].

    Args:
        encoder: as loaded by `pez.encoders.load.load_encoder`; called within its autocast.
        pixels: float32 [clips, frames, 3, size, size], normalised.
    """
    tokens = encoder.embed(pixels)
    found = [tokens.float().mean(dim=1)]
    for block in encoder.blocks():
        tokens = block(tokens)
        found.append(tokens.float().mean(dim=1))
    return torch.stack(found)


def read_questions(
    features: Tensor,
    asked: Sequence[Question],
    scene: Array,
    folds: int,
    fold_seed: int,
    alphas: Sequence[float],
) -> pd.DataFrame:
    """Squared errors of out-of-fold predictions.

    Args:
        features: float32 [states, clips, D].
        asked: questions.
        scene: the scene's motion, float64 [clips, k].
        folds: number of them; every row of a question is another clip.
        fold_seed: by which clips are dealt into them.
        alphas: penalties, among which every fit picks on inner clips by squared error.

    Returns:
        Columns ``kind``, ``target``, ``whose``, ``state``, ``clip`` (number), and summed over both
        outputs: ``loss`` of a probe, ``beside`` of one that is given the scene's motion too,
        ``scene`` of the scene's motion alone, ``total``, the square about the mean over clips.
    """
    parts = []
    for one in asked:
        dealt = list(_deal(len(one.rows), folds, fold_seed))
        targets = torch.from_numpy(one.values)
        covariates = torch.from_numpy(scene[one.rows])
        alone = _losses(covariates_alone(covariates), targets, dealt)
        total = ((one.values - one.values.mean(axis=0)) ** 2).sum(axis=1)
        for state, of_state in enumerate(features):
            found = spectrum(of_state[one.rows].cpu(), "zscore")
            parts.append(
                pd.DataFrame(
                    {
                        "kind": one.kind,
                        "target": one.target,
                        "whose": one.whose,
                        "state": state,
                        "clip": one.rows,
                        "loss": _probed(found, targets, dealt, alphas),
                        "beside": _probed(beside(found, covariates), targets, dealt, alphas),
                        "scene": alone,
                        "total": total,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def _deal(clips: int, folds: int, seed: int) -> Iterator[_Fold]:
    groups = np.arange(clips)
    for outer in group_k_fold(groups, groups, folds, seed):
        inner = nested_split(outer, groups, folds, seed)
        yield (
            torch.from_numpy(np.flatnonzero(outer.held_out)),
            torch.from_numpy(np.flatnonzero(inner.held_out)),
        )


def _probed(
    found: Spectrum, targets: Tensor, folds: Sequence[_Fold], alphas: Sequence[float]
) -> NDArray[np.float64]:
    return _losses(found.complements(alphas), targets, folds)


def _losses(complements: Tensor, targets: Tensor, folds: Sequence[_Fold]) -> NDArray[np.float64]:
    """Squared errors [n] of fits with one penalty or several, of which inner clips pick."""
    fits = Fits.of(complements, targets)
    losses = torch.empty(len(targets), dtype=torch.float64)
    for held_out, seen in folds:
        predicted, inner = fits.predict(held_out, seen if len(complements) > 1 else None)
        errors = (predicted - targets[held_out]).square().sum(dim=2)
        best = 0
        if inner is not None:
            best = int((inner - targets[seen]).square().sum(dim=(1, 2)).argmin())
        losses[held_out] = errors[best]
    return losses.numpy()
