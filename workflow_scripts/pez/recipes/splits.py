"""Grouped cross-validation: the outer folds, and the inner split that nested selection uses."""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import GroupKFold

from pez.recipes.kinds import least_groups
from pez.recipes.spec import ProbeSpec
from pez.runtime.errors import ConfigError


@dataclass(frozen=True)
class Split:
    """Rows to fit on and rows held out, bool [n] each; rows in neither are not to be looked at."""

    train: np.ndarray
    held_out: np.ndarray


def outer_splits(groups: np.ndarray, probe: str, spec: ProbeSpec) -> list[Split]:
    """Folds of the probe: scikit-learn's GroupKFold, group ids [n].

    With a ``spec.fold_seed`` the groups are shuffled and dealt out by number. Without one, folds
    are evened out in size, and groups of equal size are dealt out in their order, so that folds can
    line up with the design: of 8 x 5 conditions in 5 folds each fold holds out one magnitude (R2 is
    then NaN, with a warning).

    Raises:
        ConfigError: there are fewer groups than the folds (and the inner split) need.
    """
    count = len(np.unique(groups))
    needed = least_groups(spec.folds, spec.selections)
    if count < needed:
        raise ConfigError(
            f"probe {probe}: {spec.folds} folds with selection {', '.join(spec.selections)} need "
            f"{needed} groups, and grouping {spec.grouping!r} makes {count} of dataset "
            f"{spec.dataset!r}: lower probes.{probe}.folds or choose a finer grouping."
        )
    return group_k_fold(np.arange(len(groups)), groups, spec.folds, spec.fold_seed)


def inner_split(outer: Split, groups: np.ndarray, probe: str, spec: ProbeSpec) -> Split:
    """Split the training rows of ``outer`` by group once more, for nested selection.

    It is the first split of a GroupKFold with as many folds as the outer one (and its seed), or as
    many as the training groups allow. The rows that ``outer`` holds out are in neither part.

    Raises:
        ConfigError: the training rows are all of one group.
    """
    count = len(np.unique(groups[outer.train]))
    if count < 2:
        raise ConfigError(
            f"probe {probe}: nested selection splits the training groups of every fold, and with "
            f"{spec.folds} folds over grouping {spec.grouping!r} one fold trains on {count} "
            f"group: raise probes.{probe}.folds or choose a finer grouping."
        )
    return nested_split(outer, groups, spec.folds, spec.fold_seed)


def nested_split(outer: Split, groups: np.ndarray, folds: int, seed: int | None) -> Split:
    """Split the training rows of ``outer``, of two groups at least, by group once more.

    The first of ``folds`` folds, or of as many as there are groups.
    """
    rows = np.flatnonzero(outer.train)
    count = len(np.unique(groups[rows]))
    return group_k_fold(rows, groups, min(folds, count), seed)[0]


def group_k_fold(rows: np.ndarray, groups: np.ndarray, folds: int, seed: int | None) -> list[Split]:
    """Deal clips ``rows`` by their ``groups`` [n] into folds; other clips are in neither part."""
    dealer = GroupKFold(folds, shuffle=seed is not None, random_state=seed)
    splits = []
    for train, held_out in dealer.split(rows, groups=groups[rows]):
        masks = np.zeros((2, len(groups)), dtype=bool)
        masks[0, rows[train]] = True
        masks[1, rows[held_out]] = True
        splits.append(Split(masks[0], masks[1]))
    return splits
