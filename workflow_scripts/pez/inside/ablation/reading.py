"""What probes read after every pass, as rows of a table."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from torch import Tensor

from pez.inside.ablation.goals import goal_of
from pez.inside.ablation.probes import Fold, read_changed
from pez.inside.ablation.readings import WHOLE
from pez.inside.ablation.spec import AblationSpec
from pez.recipes.splits import group_k_fold, nested_split


def read_passes(
    spec: AblationSpec,
    features: Mapping[str, Tensor],
    task: str,
    about: Mapping[str, Mapping[str, object]],
    labels: pd.DataFrame,
    state: int,
) -> pd.DataFrame:
    """Read one task at one state after every pass.

    Args:
        spec: folds, by condition, and penalties.
        features: by pass, `WHOLE` among them, float32 [P, clips, D]: P probes side by side.
        task: what is read: see `pez.inside.ablation.goals.goal_of`.
        about: what is said of every pass, the first columns.
        labels: of the clips, in order.
        state: that the features are of.

    Returns:
        Those columns, then ``state``, ``task``, ``reading``, ``clip_id``, ``condition``, ``loss``
        and ``total`` (see `pez.inside.ablation.goals`).
    """
    goal = goal_of(task, labels)
    read = read_changed(features[WHOLE], features, goal.targets, _folds(spec, labels), spec.alphas)
    total = goal.totals()
    parts = [
        pd.DataFrame(
            {
                **about[name],
                "state": state,
                "task": task,
                "reading": reading,
                "clip_id": labels["clip_id"].to_numpy(),
                "condition": labels["condition"].to_numpy(),
                "loss": goal.losses(found),
                "total": total,
            }
        )
        for name, readings in read.items()
        for reading, found in readings.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _folds(spec: AblationSpec, labels: pd.DataFrame) -> list[Fold]:
    groups = labels["condition"].to_numpy()
    outer = group_k_fold(np.arange(len(groups)), groups, spec.folds, spec.fold_seed)
    return [Fold(one, nested_split(one, groups, spec.folds, spec.fold_seed)) for one in outer]
