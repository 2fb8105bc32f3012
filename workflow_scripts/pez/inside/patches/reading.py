"""What probes of direction read: out of fold by patch, and of one half from the other.

A probe's answer (sin, cos) that lies outside the unit circle is brought back to it: no direction
lies beyond, and the nearest point of the disc is never farther from any. Else one clip with a ball
on a patch that had none in training, and with it features many times their spread in training,
would count for more than all others together.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pez.inside.ablation.probes import Fold, Frame, fit_probes
from pez.inside.ablation.readings import FROZEN, RECENTRED
from pez.inside.patches.kept import REGIONS, WHOLE
from pez.inside.patches.track import HALVES, OPPOSITE
from pez.recipes.splits import Split, nested_split

_WITHIN = "within"
Answers = NDArray[np.float64]


@dataclass(frozen=True)
class Probing:
    """How probes are fitted.

    Attributes:
        targets: sine and cosine, float64 [n, 2].
        conditions: of the clips, [n]; those of a fold are held out whole.
        splits: the folds, over all clips.
        alphas: penalties, picked on inner clips.
        count: of folds, for the inner split.
        seed: of the folds, and of the draw of clips where halves are made equal.
        device: where to compute.
    """

    targets: NDArray[np.float64]
    conditions: NDArray[np.int64]
    splits: Sequence[Split]
    alphas: Sequence[float]
    count: int
    seed: int
    device: torch.device

    def known(self) -> Tensor:
        """The targets on the device."""
        return torch.from_numpy(self.targets).to(self.device)

    def fold(self, split: Split) -> Fold:
        """``split`` with the clips to pick a penalty by."""
        return Fold(split, nested_split(split, self.conditions, self.count, self.seed))


@dataclass(frozen=True)
class Transfer:
    """Answers about one half by a probe of one.

    Attributes:
        source: half that the probe was fitted to.
        target: half that it was asked about.
        reading: of the target's features, `FROZEN` or `RECENTRED`.
        clips: that it was asked about, int64 [m].
        answers: float64 [m, 2].
    """

    source: str
    target: str
    reading: str
    clips: NDArray[np.int64]
    answers: Answers


def within_circle(answers: Tensor) -> Tensor:
    """Bring ``answers`` [..., 2] outside the unit circle back to it."""
    return answers / answers.norm(dim=-1, keepdim=True).clamp(min=1)


def read_apart(parts: Iterable[Tensor], probing: Probing) -> Answers:
    """Read direction out of fold by a probe for each of many places.

    Args:
        parts: features of some places at a time, float32 [places, n, D].
        probing: how.

    Returns:
        float64 [places, n, 2].
    """
    folds, known = [probing.fold(split) for split in probing.splits], probing.known()
    found = []
    for part in parts:
        features = part.to(probing.device)
        answers = torch.empty(*features.shape[:2], 2, dtype=torch.float64)
        for fold in folds:
            held_out = fold.outer.held_out
            probe = fit_probes(features, known, fold, probing.alphas)
            answers[:, held_out] = within_circle(probe(features[:, held_out].double())).cpu()
        found.append(answers)
    return torch.cat(found).numpy()


def read_regions(regions: Tensor, probing: Probing) -> tuple[Answers, list[Transfer]]:
    """Read direction from all tokens, and from half of them by probes of either half.

    Args:
        regions: means over tokens, float32 [`REGIONS`, n, D].
        probing: how.

    Returns:
        Answers from all tokens, float64 [n, 2]; and those of probes of a half about its own tokens
        (`FROZEN` alone: nothing has moved) and about those of the opposite half, of other clips.
    """
    features, known = regions.to(probing.device), probing.known()
    opposite = [REGIONS.index(OPPOSITE.get(name, name)) for name in REGIONS]
    read = {kind: np.empty((len(REGIONS), len(known), 2)) for kind in (_WITHIN, FROZEN, RECENTRED)}
    for split in probing.splits:
        fold = probing.fold(split)
        probe = fit_probes(features, known, fold, probing.alphas)
        own = features[:, split.held_out].double()
        there = own[opposite]
        frame = Frame.of(features[opposite][:, split.train].double())
        for kind, answers in (
            (_WITHIN, probe(own)),
            (FROZEN, probe(there)),
            (RECENTRED, probe(there, frame)),
        ):
            read[kind][:, split.held_out] = within_circle(answers).cpu().numpy()
    clips, transfers = np.arange(len(known)), []
    for place, side in enumerate(REGIONS):
        if side == WHOLE:
            continue
        transfers.append(Transfer(side, side, FROZEN, clips, read[_WITHIN][place]))
        for reading in (FROZEN, RECENTRED):
            transfers.append(Transfer(side, OPPOSITE[side], reading, clips, read[reading][place]))
    return read[_WITHIN][REGIONS.index(WHOLE)], transfers


def read_clips(
    features: Tensor, sides: dict[str, NDArray[np.bool_]], probing: Probing
) -> Iterator[Transfer]:
    """Read direction from all tokens of clips on one side by probes of clips on either.

    Probes of both sides have equally many clips, none of a condition that is asked about.

    Args:
        features: means over all tokens, float32 [n, D].
        sides: clips on every one of `HALVES`, [n] each.
        probing: how.

    Yields:
        Nothing of halves that a fold leaves with clips of one condition or of none.
    """
    rows, known = features[None].to(probing.device), probing.known()
    for side in HALVES:
        target = OPPOSITE[side]
        trained = [
            _equally_many(sides[side] & split.train, sides[target] & split.train, probing.seed)
            for split in probing.splits
        ]
        if any(len(np.unique(probing.conditions[one])) < 2 for pair in trained for one in pair):
            continue
        asked = [split.held_out & sides[target] for split in probing.splits]
        clips = np.flatnonzero(np.logical_or.reduce(asked))
        found = {kind: np.empty((len(known), 2)) for kind in (_WITHIN, FROZEN, RECENTRED)}
        for (here, there), held_out in zip(trained, asked, strict=True):
            if not held_out.any():
                continue
            test = rows[:, held_out].double()
            frame = Frame.of(rows[:, there].double())
            own, other = (
                fit_probes(rows, known, probing.fold(Split(train, held_out)), probing.alphas)
                for train in (there, here)
            )
            for kind, answers in (
                (_WITHIN, own(test)),
                (FROZEN, other(test)),
                (RECENTRED, other(test, frame)),
            ):
                found[kind][held_out] = within_circle(answers)[0].cpu().numpy()
        yield Transfer(target, target, FROZEN, clips, found[_WITHIN][clips])
        for reading in (FROZEN, RECENTRED):
            yield Transfer(side, target, reading, clips, found[reading][clips])


def _equally_many(
    one: NDArray[np.bool_], other: NDArray[np.bool_], seed: int
) -> list[NDArray[np.bool_]]:
    """Draw as many clips of either set [n] as the smaller one has."""
    size = min(one.sum(), other.sum())
    drawn = [
        np.random.default_rng(seed).choice(np.flatnonzero(clips), size, replace=False)
        for clips in (one, other)
    ]
    return [np.isin(np.arange(len(one)), kept) for kept in drawn]
