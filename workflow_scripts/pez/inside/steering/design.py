"""Which direction every clip is turned to, and which other clip has that direction."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from pez.inside.kinds.network_steering import Section
from pez.recipes.groupings import group_ids
from pez.recipes.splits import Split, group_k_fold, nested_split
from pez.recipes.targets import target_values
from pez.runtime.errors import ConfigError

_START = ["start_x_m", "start_y_m"]
_SAME_M = 1e-3  # starts that are no farther apart are one


@dataclass(frozen=True)
class Part:
    """Clips that something is fitted to, as numbers.

    Attributes:
        clips: all of them, int64 [a].
        fit: places in ``clips`` to fit to while a penalty is picked, int64 [b].
        seen: places in ``clips`` to pick it by, int64 [c].
    """

    clips: Tensor
    fit: Tensor
    seen: Tensor


@dataclass(frozen=True)
class Fold:
    """Clips of one fold.

    Edits are made of other clips than the probes that read them are fitted to: noise that both had
    seen would steer what is read, even where a network holds no direction.

    Attributes:
        edited: clips that are edited, int64 [m]: all of some magnitudes.
        makes: clips that their edits are made of, half of all others.
        reads: clips that the probes which read them are fitted to, the other half.
    """

    edited: Tensor
    makes: Part
    reads: Part


@dataclass(frozen=True)
class Design:
    """What is to be read of every clip.

    Attributes:
        classes: (sin, cos) of every direction, float64 [T, 2].
        own: number of every clip's direction, int64 [n].
        target: number of the direction that it is turned to, int64 [n].
        other: the clip of that direction and of the same magnitude that starts nearest, int64 [n].
        apart: between the two starts, metres, float64 [n].
        folds: whole magnitudes are held out, with all of their directions.
    """

    classes: NDArray[np.float64]
    own: NDArray[np.int64]
    target: NDArray[np.int64]
    other: NDArray[np.int64]
    apart: NDArray[np.float64]
    folds: list[Fold]

    @property
    def counterfactual(self) -> float:
        """Share of clips whose other clip has the same start: all but the direction is the same."""
        return float((self.apart <= _SAME_M).mean())


def design_of(spec: Section, labels: pd.DataFrame) -> Design:
    """Deal out targets and folds to the clips of ``labels``.

    Raises:
        ConfigError: there are fewer than two directions, or fewer magnitudes than folds.
    """
    directions = labels["direction_index"].to_numpy()
    magnitudes = group_ids(labels, "magnitude", seed=0)
    _, first, own = np.unique(directions, return_index=True, return_inverse=True)
    if len(first) < 2:
        raise ConfigError(
            f"inside: all clips of {spec.dataset} move in one direction, and none can be turned to "
            "another: take a dataset with several."
        )
    if (count := len(np.unique(magnitudes))) < spec.folds:
        raise ConfigError(
            f"inside: folds = {spec.folds} for {count} magnitudes of {spec.dataset}, of which each "
            "fold holds out whole ones: take fewer folds."
        )
    target = deal_targets(own, len(first), spec.target_seed)
    other, apart = nearest_start(labels[_START].to_numpy(float), own, target, magnitudes)
    conditions = labels["condition"].to_numpy()
    outer = group_k_fold(np.arange(len(labels)), magnitudes, spec.folds, spec.fold_seed)
    folds = [_fold(spec, one, own, conditions) for one in outer]
    classes = target_values(labels, "direction_sincos")[first]
    return Design(classes, own, target, other, apart, folds)


def _fold(
    spec: Section, outer: Split, own: NDArray[np.int64], conditions: NDArray[np.int64]
) -> Fold:
    """Halve the clips to fit to: of each direction, every other one."""
    rows = np.flatnonzero(outer.train)
    turn = pd.Series(own[rows]).groupby(own[rows]).cumcount().to_numpy() % 2
    parts = []
    for half in (0, 1):
        clips = rows[turn == half]
        train = np.isin(np.arange(len(own)), clips)
        inner = nested_split(Split(train, outer.held_out), conditions, spec.folds, spec.fold_seed)
        places = (inner.train[clips].nonzero()[0], inner.held_out[clips].nonzero()[0])
        parts.append(Part(*map(torch.from_numpy, (clips, *places))))
    return Fold(torch.from_numpy(np.flatnonzero(outer.held_out)), *parts)


def deal_targets(own: NDArray[np.int64], classes: int, seed: int) -> NDArray[np.int64]:
    """Another direction for every clip; of each direction all turns as often as can be.

    Args:
        own: number of every clip's direction, [n].
        classes: number of directions.
        seed: of the turns' order.
    """
    random = np.random.default_rng(seed)
    target = np.empty_like(own)
    for direction in range(classes):
        rows = np.flatnonzero(own == direction)
        turns = np.resize(1 + random.permutation(classes - 1), len(rows))
        target[rows] = (direction + turns) % classes
    return target


def nearest_start(
    starts: NDArray[np.float64],
    own: NDArray[np.int64],
    target: NDArray[np.int64],
    magnitudes: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Of the clips with a clip's target direction and its magnitude, the one that starts nearest.

    Args:
        starts: metres, [n, 2].
        own: number of every clip's direction, [n].
        target: number of the direction that it is turned to, [n].
        magnitudes: number of its magnitude, [n].

    Returns:
        That clip, [n], and how far the two starts are apart, metres, [n].
    """
    apart = np.linalg.norm(starts[:, None] - starts, axis=2)
    fits = (own[None] == target[:, None]) & (magnitudes[None] == magnitudes[:, None])
    apart = np.where(fits, apart, np.inf)
    other = apart.argmin(axis=1)
    return other, apart[np.arange(len(starts)), other]
