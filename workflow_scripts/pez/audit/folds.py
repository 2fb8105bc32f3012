"""Cross-validation plans of the audit: who is held out, who picks, who is fitted to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pez.recipes.groupings import group_ids
from pez.recipes.spec import GroupingName
from pez.recipes.splits import Split, group_k_fold, nested_split
from pez.runtime.errors import ConfigError

GROUPS_SEED = 42  # k-means of the grouping spatial_cluster


@dataclass(frozen=True)
class Fold:
    """One fold, as numbers of clips, int64.

    Attributes:
        held_out: clips that are reported on.
        seen: training clips that nested selection holds out once more.
        train: clips to fit to, for a fold of few clips; None: all that are not held out.
        train_inner: the same for the inner fit.
    """

    held_out: np.ndarray
    seen: np.ndarray
    train: np.ndarray | None = None
    train_inner: np.ndarray | None = None


@dataclass(frozen=True)
class Plan:
    """Folds of one grouping and seed.

    Attributes:
        grouping: which clips stay together.
        fold_seed: of the dealing of groups into folds.
        clips: number of training clips; None: all there are.
        folds: the folds.
    """

    grouping: GroupingName
    fold_seed: int
    clips: int | None
    folds: Sequence[Fold]


def make_plan(
    labels: pd.DataFrame,
    grouping: GroupingName,
    fold_seed: int,
    folds: int,
    clips: int | None = None,
) -> Plan:
    """Deal the clips of ``labels`` into folds as a probe with nested selection does.

    Fewer training ``clips`` are the first of an order that ``fold_seed`` draws of all clips, so
    that 60 clips are among the 120.

    Raises:
        ConfigError: the grouping makes too few groups.
    """
    groups = group_ids(labels, grouping, GROUPS_SEED)
    count = len(np.unique(groups))
    if count < folds:
        raise ConfigError(
            f"audit.folds = {folds}: grouping {grouping!r} makes {count} groups: take fewer folds, "
            "or leave this grouping out of audit.axes.grouping."
        )
    outer = group_k_fold(np.arange(len(groups)), groups, folds, fold_seed)
    inner = [nested_split(split, groups, folds, fold_seed) for split in outer]
    order = np.random.default_rng(fold_seed).permutation(len(labels))
    pairs = zip(outer, inner, strict=True)
    return Plan(grouping, fold_seed, clips, [_fold(*pair, order, clips) for pair in pairs])


def _fold(outer: Split, inner: Split, order: np.ndarray, clips: int | None) -> Fold:
    held_out = np.flatnonzero(outer.held_out)
    if clips is None:
        return Fold(held_out, np.flatnonzero(inner.held_out))
    few = order[outer.train[order]][:clips]
    return Fold(held_out, few[inner.held_out[few]], few, few[inner.train[few]])


def halves(positions: np.ndarray) -> list[Fold]:
    """Two folds for transfer between halves of the frame: each fitted to the other half.

    A penalty is picked on every fifth clip of the half that is fitted to.

    Args:
        positions: of the starts along one axis, about the centre of the image, float64 [n].
    """
    ahead = positions >= 0
    folds = []
    for held in (ahead, ~ahead):
        others = np.flatnonzero(~held)
        folds.append(Fold(np.flatnonzero(held), others[::5]))
    return folds
