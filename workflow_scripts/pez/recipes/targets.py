"""Turn the labels of clips into the numbers that a probe predicts."""

import numpy as np
import pandas as pd

from pez.recipes.groupings import as_numbers
from pez.recipes.kinds import TARGETS
from pez.recipes.spec import Axis, ProbeSpec, Target
from pez.runtime.errors import ArtifactError

FULL_TURN = 2 * np.pi
# Angles this little below a full turn are 0 seen through the physics engine's rounding error;
# unwrapped, one of eight directions would flip between 0 and 2 pi from clip to clip. The same holds
# of every cut.
WRAP_SLACK = 1e-3


def probe_targets(labels: pd.DataFrame, spec: ProbeSpec) -> np.ndarray:
    """Values of the target of ``spec``, in its angle's axis and cut: see `target_values`."""
    return target_values(labels, spec.target, spec.angle_axis, spec.angle_cut_deg)


def target_values(
    labels: pd.DataFrame, target: Target, axis: Axis = "world", cut_deg: float = 0.0
) -> np.ndarray:
    """Values of ``target`` for every clip: float64 [n, outputs], units as in `TARGETS`.

    Args:
        labels: one row a clip, columns of ``labels.parquet``.
        target: what to return.
        axis: of ``direction_angle``: counter-clockwise with y up (``world``) or clockwise with y
            down (``image``) from the x axis.
        cut_deg: angles of ``direction_angle`` lie in [cut, cut + 360) degrees of that axis.

    Raises:
        ArtifactError: a label column is missing or holds a value that is not finite.
    """
    info = TARGETS[target]
    missing = [name for name in info.columns if name not in labels.columns]
    if missing:
        raise ArtifactError(
            f"the labels lack column(s) {', '.join(missing)}, which target {target} needs: "
            "delete them and run again."
        )
    columns = as_numbers(labels[list(info.columns)].to_numpy(), info.columns)
    if not np.isfinite(columns).all():
        raise ArtifactError(
            f"label column(s) {', '.join(info.columns)} hold values that are not finite: "
            "delete them and run again."
        )
    if info.angle == "wrapped":
        cut = np.radians(cut_deg)
        turned = columns if axis == "world" else -columns
        return np.mod(turned - cut + WRAP_SLACK, FULL_TURN) - WRAP_SLACK + cut
    if info.angle == "sincos":
        return np.concatenate([np.sin(columns), np.cos(columns)], axis=1)
    return columns
