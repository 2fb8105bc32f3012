"""Ridge probes of every question at every residual state, alone and beside what tells of it, too.

That is the scene's motion, and where the object was. A fit of all clips gives those with some left
out exactly (`pez.solvers.leave_out`); features are scaled once, on all clips that hold the kind.
What stands beside them is penalised too, alone as well as with them: six numbers overfit a few
dozen clips, and a gain is not to be the cure of that.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from pez.encoders.residual_stream import capture_streams
from pez.encoders.transformer import Encoder
from pez.inside.ablation.probes import Frame
from pez.inside.network import Network
from pez.inside.objects.targets import UNDER, Array, Question
from pez.recipes.splits import Split, group_k_fold
from pez.runtime.errors import ArtifactError
from pez.solvers.leave_out import Fits, spectrum

# By these the penalty of what stands beside features is divided. The scene's motion is six numbers,
# which never drown features; places are hundreds, may tell nothing, and then must count for little.
_SCENE_WEIGHTS = (1.0, 1e2, 1e4)
_PLACE_WEIGHTS = (1e-3, 1.0, 1e3)
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
    return _finite(torch.cat([found for _, found in passed], dim=1), network)


def states_of_objects(network: Network, clip: Tensor, under: Tensor) -> tuple[Tensor, Tensor]:
    """`states_of_clips`, and means over the tokens under each object, float32 [L + 1, objects, D].

    Args:
        network: with its clips.
        clip: number of the clip that each object is in, int64 [objects], rising.
        under: which tokens lie under it, bool [objects, tokens], at least one.

    Raises:
        ArtifactError: a value is not finite.
    """
    encoder = network.ready.encoder
    first = torch.searchsorted(clip, torch.arange(len(network.labels) + 1))

    def run(rows: slice, pixels: Tensor) -> tuple[Tensor, Tensor]:
        own = slice(int(first[rows.start]), int(first[rows.stop]))
        where = (clip[own] - rows.start).to(pixels.device)
        there = under[own].to(pixels)
        shares = there / there.sum(dim=1, keepdim=True)

        def pool(_: int, tokens: Tensor) -> tuple[Tensor, Tensor]:
            with torch.autocast(tokens.device.type, enabled=False):
                of_objects = torch.bmm(shares[:, None], tokens[where])[:, 0]
            return tokens.mean(dim=1), of_objects

        whole, of_objects = zip(*capture_streams(encoder, pixels, pool), strict=True)
        return torch.stack(whole).cpu(), torch.stack(of_objects).cpu()

    parts = [found for _, found in network.numbered_batches(run)]
    states, of_objects = (torch.cat(part, dim=1) for part in zip(*parts, strict=True))
    return _finite(states, network), of_objects


def _finite(states: Tensor, network: Network) -> Tensor:
    if not torch.isfinite(states).all():
        state, clip = torch.argwhere(~torch.isfinite(states))[0, :2].tolist()
        raise ArtifactError(network.not_finite(f"residual state {state}", clip))
    return states


def read_questions(
    features: Mapping[str, Tensor],
    asked: Sequence[Question],
    scene: Array,
    place: Tensor,
    folds: int,
    fold_seed: int,
    alphas: Sequence[float],
) -> pd.DataFrame:
    """Squared errors of out-of-fold predictions.

    Args:
        features: by tokens, `ALL`: float32 [states, clips, D]; `UNDER`: [states, objects, D].
        asked: questions.
        scene: the scene's motion, float64 [clips, k].
        place: where each object was, as `pez.inside.objects.under.time_under` tells it, float32
            [objects, patches].
        folds: number of them; every row of a question is another clip.
        fold_seed: by which clips are dealt into them.
        alphas: penalties, among which every fit picks on inner clips by squared error.

    Returns:
        Columns ``tokens``, ``kind``, ``target``, ``whose``, ``state``, ``clip`` (number), and
        summed over both outputs: ``loss`` of a probe, ``beside`` of one that is given the scene's
        motion too, ``scene`` of the scene's motion alone, ``beside_place`` and ``place`` likewise
        of where the object of the kind was, ``total``, the square about the mean over clips. By
        tokens, then question and state.
    """
    parts = []
    for one in asked:
        dealt = list(_deal(len(one.rows), folds, fold_seed))
        targets = torch.from_numpy(one.values)
        motion = _scaled(torch.from_numpy(scene[one.rows]))
        where = _levelled(place[one.objects].double())
        probed = partial(_probed, targets=targets, folds=dealt, alphas=alphas)
        of_scene, of_place = probed([motion]), probed([where])
        total = ((one.values - one.values.mean(axis=0)) ** 2).sum(axis=1)
        states = (
            (tokens, state, of_state[one.objects if tokens == UNDER else one.rows])
            for tokens, of_tokens in features.items()
            for state, of_state in enumerate(of_tokens)
        )
        for tokens, state, own in states:
            found = _scaled(own.double().cpu())
            parts.append(
                pd.DataFrame(
                    {
                        "tokens": tokens,
                        "kind": one.kind,
                        "target": one.target,
                        "whose": one.whose,
                        "state": state,
                        "clip": one.rows,
                        "loss": probed([found]),
                        "beside": probed(_side_by_side(found, motion, _SCENE_WEIGHTS)),
                        "scene": of_scene,
                        "beside_place": probed(_side_by_side(found, where, _PLACE_WEIGHTS)),
                        "place": of_place,
                        "total": total,
                    }
                )
            )
    return pd.concat(parts).sort_values("tokens", kind="stable", ignore_index=True)


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


def _levelled(shares: Tensor) -> Tensor:
    """Bring shares [clips, P] to mean 0, and their mean variance to 1.

    Each by itself, a patch that one object touches would count as much as one that many cross.
    """
    apart = shares - shares.mean(dim=0)
    return apart / apart.square().mean().sqrt().clamp_min(1e-12)


def _side_by_side(features: Tensor, known: Tensor, weights: Sequence[float]) -> list[Tensor]:
    """Features beside what is ``known``, at every weight of it."""
    return [torch.cat([features, weight**0.5 * known], dim=1) for weight in weights]


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
