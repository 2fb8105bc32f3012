"""Draws of clips to fit to and clips held out, all of one size, so that fits stand side by side."""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit
from torch import Tensor

from pez.runtime.errors import ConfigError

_SEEN = 0.2  # of the groups that are fitted to, to pick a penalty by


@dataclass(frozen=True)
class Splits:
    """Some draws.

    Attributes:
        train: clips to fit to, int64 [R, a].
        held_out: clips to judge on, [R, b].
        fit: places in ``train`` to fit to while a penalty is picked, [R, c].
        seen: places in ``train`` to pick it by, [R, e].
    """

    train: Tensor
    held_out: Tensor
    fit: Tensor
    seen: Tensor

    def __len__(self) -> int:
        return len(self.train)

    def part(self, rows: slice) -> "Splits":
        """Some of the draws."""
        parts = (self.train, self.held_out, self.fit, self.seen)
        return Splits(*(part[rows] for part in parts))


def group_splits(groups: np.ndarray, share: float, count: int, seed: int) -> Splits:
    """Hold out a ``share`` of the groups, ``count`` times; a penalty is picked on groups too.

    Raises:
        ConfigError: groups differ in size.
    """
    dealer = GroupShuffleSplit(count, test_size=share, random_state=seed)
    inner = GroupShuffleSplit(1, test_size=_SEEN, random_state=seed)
    parts: list[list[np.ndarray]] = [[], [], [], []]
    for train, held_out in dealer.split(groups, groups=groups):
        train = np.random.default_rng(seed).permutation(train)
        ((fit, seen),) = inner.split(train, groups=groups[train])
        for part, places in zip(parts, (train, held_out, fit, seen), strict=True):
            part.append(places)
    if any(len({len(places) for places in part}) > 1 for part in parts):
        raise ConfigError(
            "sequences of probes need as many clips of every condition, and of every scene: take "
            "inside.*.clips_per_condition no larger than the smallest condition has."
        )
    return Splits(*(torch.from_numpy(np.stack(part)).long() for part in parts))


def stratified_splits(classes: np.ndarray, share: float, count: int, seed: int) -> Splits:
    """Hold out a ``share`` of the clips of every class, ``count`` times."""
    dealer = StratifiedShuffleSplit(count, test_size=share, random_state=seed)
    train, held_out = (
        torch.from_numpy(np.stack(part)).long()
        for part in zip(*dealer.split(classes, classes), strict=True)
    )
    return _with_places(train, held_out)


def halves(splits: Splits) -> Splits:
    """Each of ``splits``, and after it the same with both parts exchanged.

    Of parts whose sizes differ by one, the last clip of the larger is left out.
    """
    size = min(splits.train.shape[1], splits.held_out.shape[1])
    pairs = zip(splits.train[:, :size], splits.held_out[:, :size], strict=True)
    train = torch.stack([part for pair in pairs for part in pair])
    return _with_places(train, train.unflatten(0, (-1, 2)).flip(1).flatten(0, 1))


def _with_places(train: Tensor, held_out: Tensor) -> Splits:
    """Splits in which a penalty is picked on the first clips; they are in no order."""
    places = torch.arange(train.shape[1]).expand(len(train), -1)
    seen = max(1, round(_SEEN * train.shape[1]))
    return Splits(train, held_out, places[:, seen:], places[:, :seen])
