"""What each target and grouping is, in plain data: cheap to import, so that planning can use it."""

from dataclasses import dataclass
from typing import Literal

from pez.recipes.columns import CategoryTarget
from pez.recipes.spec import ProbeSpec, Selection, TargetName

Angle = Literal["wrapped", "sincos", "image"]

# Kinds of dataset: balls at constant velocity or acceleration, movies that may be impossible.
VELOCITY = frozenset({"velocity"})
ACCELERATION = frozenset({"acceleration"})
PLAUSIBILITY = frozenset({"plausibility"})


@dataclass(frozen=True)
class TargetInfo:
    """What a probe of one target predicts.

    Attributes:
        columns: columns of ``labels.parquet`` that the target is made of.
        outputs: names of the probe's outputs, in order.
        kinds: kinds of dataset in which the target varies; in others it is constant or undefined.
        angle: how outputs turn into a direction of motion (see `pez.scores.regression.angles`), for
            the direction targets; None where no angle is judged.
    """

    columns: tuple[str, ...]
    outputs: tuple[str, ...]
    kinds: frozenset[str]
    angle: Angle | None = None


# Speeds in m/s, accelerations in m/s2, angles in radians (world frame, y up; ``direction_angle`` in
# the axis and from the cut that the probe names); components in pixels per frame (per frame
# squared) with image y down. ``direction_vxy`` predicts what ``velocity_xy``
# predicts and is judged as a direction too.
TARGETS: dict[TargetName, TargetInfo] = {
    "speed": TargetInfo(("speed_m_s",), ("speed",), VELOCITY),
    "direction_angle": TargetInfo(
        ("direction_rad",), ("angle",), VELOCITY | ACCELERATION, "wrapped"
    ),
    "direction_sincos": TargetInfo(
        ("direction_rad",), ("sin", "cos"), VELOCITY | ACCELERATION, "sincos"
    ),
    "direction_vxy": TargetInfo(("vx_px", "vy_px"), ("vx", "vy"), VELOCITY, "image"),
    "acceleration": TargetInfo(("acceleration_m_s2",), ("acceleration",), ACCELERATION),
    "velocity_xy": TargetInfo(("vx_px", "vy_px"), ("vx", "vy"), VELOCITY),
    "velocity_x": TargetInfo(("vx_px",), ("vx",), VELOCITY),
    "velocity_y": TargetInfo(("vy_px",), ("vy",), VELOCITY),
    "acceleration_xy": TargetInfo(("ax_px", "ay_px"), ("ax", "ay"), ACCELERATION),
    "acceleration_x": TargetInfo(("ax_px",), ("ax",), ACCELERATION),
    "acceleration_y": TargetInfo(("ay_px",), ("ay",), ACCELERATION),
    "plausibility": TargetInfo(("possible",), ("possible",), PLAUSIBILITY),
}

REGIONS = 5  # pixel regions, angular sectors and clusters of start positions (the reproduction's)


def metric_of(spec: ProbeSpec) -> str:
    """Return the metric that curves of a probe show; of movies the figures choose theirs."""
    return "accuracy" if isinstance(spec.target, CategoryTarget) else "r2"


def least_groups(folds: int, selections: tuple[Selection, ...]) -> int:
    """Return the fewest groups that ``folds`` folds need.

    Nested selection splits the training groups of a fold again, so it needs two of them.
    """
    return max(folds, 3) if "nested" in selections else folds
