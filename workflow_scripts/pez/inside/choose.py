"""Which clips of a dataset a measurement looks at."""

import pandas as pd

from pez.inside.spec import ClipGroups
from pez.recipes.groupings import group_ids


def choose_clips(
    labels: pd.DataFrame, per_condition: int, groups: ClipGroups = "condition"
) -> pd.DataFrame:
    """Take the first clips of every condition (direction and magnitude), or all.

    Starts are drawn anew for every clip, so that the first are as good as any.

    Args:
        labels: one row per clip.
        per_condition: how many of each, or all that there are.
        groups: what a condition is. ``scene`` of a movie, ``video``, every clip by itself: all
            clips are taken.

    Returns:
        Rows of ``labels`` in their order, indexed by their place in it; with a column
        ``condition``, its number.

    Raises:
        ArtifactError: the labels lack a column that the groups need.
    """
    known = labels.reset_index(drop=True).assign(condition=group_ids(labels, groups, seed=0))
    if groups == "condition":
        return known[known.groupby("condition").cumcount() < per_condition]
    return known
