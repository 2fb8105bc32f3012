"""How far what is read is from the target and from the clip's own direction, after every edit."""

import numpy as np
import pandas as pd

from pez.estimands.bootstrap import bootstrap_weights, weighted_mean
from pez.estimands.intervals import percentile
from pez.runtime.errors import ArtifactError
from pez.scores.regression import circular_errors_deg

EDIT = ["tokens", "arm", "edited", "state"]  # that an effect is of
TO_TARGET, TO_TRUTH, TOWARD, RADIUS = "to_target", "to_truth", "toward", "radius"  # metrics


def effects(table: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """Means over clips of one network, with 90 % intervals over conditions.

    Args:
        table: rows of `pez.inside.measures.network_steering.measure`.
        draws: bootstrap draws of conditions, the same for all edits and networks.
        seed: of the draws.

    Returns:
        Columns `EDIT`, ``metric``, ``value``, ``low`` and ``high``. Metrics: `TO_TARGET` and
        `TO_TRUTH`, angle between the read direction and the target, or the clip's own, degrees;
        `TOWARD`, the latter less the former: above 0 what is read is nearer to the target;
        `RADIUS`, length of the read pair (sin, cos).

    Raises:
        ArtifactError: a clip lacks an edit or a state.
    """
    clips = table.drop_duplicates("clip_id")
    weights = bootstrap_weights(clips["condition"].to_numpy(), draws, seed)
    weights = np.vstack([np.ones(len(clips)), weights])
    read = np.arctan2(table["sin"].to_numpy(), table["cos"].to_numpy())
    to_target, to_truth = (
        circular_errors_deg(table[name].to_numpy(), read)
        for name in ("target_rad", "direction_rad")
    )
    of_clips = {
        TO_TARGET: to_target,
        TO_TRUTH: to_truth,
        TOWARD: to_truth - to_target,
        RADIUS: np.hypot(table["sin"].to_numpy(), table["cos"].to_numpy()),
    }
    rows = table[[*EDIT, "clip_id"]].astype({"tokens": str, "arm": str, "clip_id": str})
    parts = []
    for metric, values in of_clips.items():
        wide = rows.assign(value=values).pivot(index=EDIT, columns="clip_id", values="value")
        wide = wide[clips["clip_id"].astype(str)]
        if wide.isna().any(axis=None):
            raise ArtifactError(
                "the table of edits lacks some clip after some edit: delete it and run again."
            )
        means = weighted_mean(wide.to_numpy(), weights)
        low, high = percentile(means[1:])
        found = wide.index.to_frame(index=False)
        parts.append(found.assign(metric=metric, value=means[0], low=low, high=high))
    return pd.concat(parts, ignore_index=True)
