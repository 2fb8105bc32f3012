"""Turn the labels of clips into the numbers that a probe predicts."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pez.recipes.columns import CategoryTarget, NumberTarget
from pez.recipes.groupings import as_numbers
from pez.recipes.kinds import TARGETS, Angle
from pez.recipes.spec import Axis, ProbeSpec, TargetName
from pez.runtime.errors import ArtifactError

FULL_TURN = 2 * np.pi
# Angles this little below a full turn are 0 seen through the physics engine's rounding error;
# unwrapped, one of eight directions would flip between 0 and 2 pi from clip to clip. The same holds
# of every cut.
WRAP_SLACK = 1e-3


def probe_targets(labels: pd.DataFrame, spec: ProbeSpec) -> np.ndarray:
    """Values of the target of ``spec``, float64 [n, outputs].

    In its angle's axis and cut, see `target_values`; of classes, 1 for a clip's own and 0 else.

    Raises:
        ArtifactError: a label column is missing or holds a value that is not finite.
    """
    match spec.target:
        case NumberTarget(column=columns):
            return _finite(labels, columns)
        case CategoryTarget(column=columns):
            held = _held(labels, columns)[:, 0]
            return (held[:, None] == np.unique(held)).astype(np.float64)
        case name:
            return target_values(labels, name, spec.angle_axis, spec.angle_cut_deg)


def probe_outputs(labels: pd.DataFrame, spec: ProbeSpec) -> tuple[str, ...]:
    """Names of the outputs of a probe, in order: of classes, their values in the labels."""
    match spec.target:
        case NumberTarget(column=columns):
            return columns
        case CategoryTarget(column=columns):
            return tuple(map(str, np.unique(_held(labels, columns)[:, 0])))
        case name:
            return TARGETS[name].outputs


def probe_angle(spec: ProbeSpec) -> Angle | None:
    """How outputs turn into a direction of motion; None where no angle is judged."""
    return TARGETS[spec.target].angle if isinstance(spec.target, str) else None


def target_values(
    labels: pd.DataFrame, target: TargetName, axis: Axis = "world", cut_deg: float = 0.0
) -> np.ndarray:
    """Values of ``target`` for every clip: float64 [n, outputs], units as in `TARGETS`.

    Args:
        labels: one row per clip, columns of ``labels.parquet``.
        target: what to return.
        axis: of ``direction_angle``: counter-clockwise with y up (``world``) or clockwise with y
            down (``image``) from the x axis.
        cut_deg: angles of ``direction_angle`` lie in [cut, cut + 360) degrees of that axis.

    Raises:
        ArtifactError: a label column is missing or holds a value that is not finite.
    """
    info = TARGETS[target]
    columns = _finite(labels, info.columns)
    if info.angle == "wrapped":
        cut = np.radians(cut_deg)
        turned = columns if axis == "world" else -columns
        return np.mod(turned - cut + WRAP_SLACK, FULL_TURN) - WRAP_SLACK + cut
    if info.angle == "sincos":
        return np.concatenate([np.sin(columns), np.cos(columns)], axis=1)
    return columns


def _finite(labels: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Label columns as numbers, float64 [n, columns]."""
    columns = as_numbers(_held(labels, names), names)
    if not np.isfinite(columns).all():
        raise ArtifactError(
            f"label column(s) {', '.join(names)} hold values that are not finite: "
            "delete them and run again."
        )
    return columns


def _held(labels: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Label columns as they are, [n, columns]."""
    missing = [name for name in names if name not in labels.columns]
    if missing:
        raise ArtifactError(
            f"the labels lack column(s) {', '.join(missing)}, which the target of the probe needs: "
            "delete them and run again."
        )
    return labels[list(names)].to_numpy()
