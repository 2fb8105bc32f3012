"""Ridge probes of every question at every residual state, and beside the scene's motion.

A fit of all clips gives those with some left out exactly (`pez.solvers.leave_out`); features are
scaled once, on all clips that hold the kind. The scene's motion is penalised too, alone as well as
beside features: six numbers overfit a few dozen clips, and a gain is not to be the cure of that.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from pez.encoders.residual_stream import capture_streams
from pez.encoders.transformer import Encoder
from pez.inside.ablation.probes import Frame
from pez.inside.network import Network
from pez.inside.objects.targets import Array, Question
from pez.recipes.splits import Split, group_k_fold
from pez.runtime.errors import ArtifactError
from pez.solvers.leave_out import Fits, spectrum

_WEIGHTS = (1.0, 1e2, 1e4)  # of the scene's motion beside features: its penalty is divided by them
# Numbers of the clips reported on, and of those held out of the others to pick a penalty by: all in
# turn, for a single inner fold of a few clips picks at random.
_Fold = tuple[Tensor, list[Tensor]]


def pooled_states(encoder: Encoder, pixels: Tensor) -> Tensor:
    """Mean over all tokens of every residual state, float32 [L + 1, clips, D].

    Args:
        encoder: as loaded by `pez.encoders.load.load_encoder`; called within its autocast.
        pixels: float32 [clips, frames, 3, size, size], normalised.
    """
    return torch.stack(capture_streams(encoder, pixels, lambda _, tokens: tokens.mean(dim=1)))


def states_of_clips(network: Network) -> Tensor:
    """`pooled_states` of all clips of ``network``, on the CPU.

    Raises:
        ArtifactError: a value is not finite.
    """
    encoder = network.ready.encoder
    passed = network.batches(lambda pixels: pooled_states(encoder, pixels).cpu())
    states = torch.cat([found for _, found in passed], dim=1)
    if not torch.isfinite(states).all():
        state, clip = torch.argwhere(~torch.isfinite(states))[0, :2].tolist()
        raise ArtifactError(network.not_finite(f"residual state {state}", clip))
    return states


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
        motion = _scaled(torch.from_numpy(scene[one.rows]))
        alone = _probed([motion], targets, dealt, alphas)
        total = ((one.values - one.values.mean(axis=0)) ** 2).sum(axis=1)
        for state, of_state in enumerate(features):
            found = _scaled(of_state[one.rows].double().cpu())
            both = [torch.cat([found, weight**0.5 * motion], dim=1) for weight in _WEIGHTS]
            parts.append(
                pd.DataFrame(
                    {
                        "kind": one.kind,
                        "target": one.target,
                        "whose": one.whose,
                        "state": state,
                        "clip": one.rows,
                        "loss": _probed([found], targets, dealt, alphas),
                        "beside": _probed(both, targets, dealt, alphas),
                        "scene": alone,
                        "total": total,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def _deal(clips: int, folds: int, seed: int) -> Iterator[_Fold]:
    groups = np.arange(clips)
    for outer in group_k_fold(groups, groups, folds, seed):
        rows = np.flatnonzero(outer.train)
        inner = group_k_fold(rows, groups, min(folds, len(rows)), seed)
        yield _held_out(outer), [_held_out(one) for one in inner]


def _held_out(split: Split) -> Tensor:
    return torch.from_numpy(np.flatnonzero(split.held_out))


def _scaled(features: Tensor) -> Tensor:
    """Bring features [clips, D] to mean 0 and variance 1; those that do not vary to 0."""
    return Frame.of(features[None]).scaled(features[None])[0]


def _probed(
    candidates: Sequence[Tensor], targets: Tensor, folds: Sequence[_Fold], alphas: Sequence[float]
) -> NDArray[np.float64]:
    """Squared errors [n], with the candidate [n, D] and penalty that do best on inner clips."""
    decomposed = [spectrum(features, "center") for features in candidates]
    fits = Fits.of(torch.cat([one.complements(alphas) for one in decomposed]), targets)
    losses = torch.empty(len(targets), dtype=torch.float64)
    for held_out, inner in folds:
        errors = torch.zeros(len(fits.complements), dtype=torch.float64)
        for seen in inner:
            predicted, guessed = fits.predict(held_out, seen)
            assert guessed is not None
            errors += (guessed - targets[seen]).square().sum(dim=(1, 2))
        best = int(errors.argmin())
        losses[held_out] = (predicted[best] - targets[held_out]).square().sum(dim=1)
    return losses.numpy()
