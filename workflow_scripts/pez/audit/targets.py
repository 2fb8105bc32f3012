"""What the audit reads out, in plain data: cheap to import, so that planning can use it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

AuditTarget = Literal[
    "speed",
    "direction_sincos",
    "direction_angle",
    "direction_harmonics",  # sine and cosine of the angle and of twice the angle
    "direction_vxy",
    "velocity_xy",
    "acceleration",
    "acceleration_xy",
    "plausibility",
]

# Variable of every target. In which kind of dataset a variable is read, its first word says.
VARIABLE_OF: Mapping[AuditTarget, str] = MappingProxyType(
    {
        "speed": "speed",
        "direction_sincos": "direction",
        "direction_angle": "direction",
        "direction_harmonics": "direction",
        "direction_vxy": "direction",
        "velocity_xy": "velocity_xy",
        "acceleration": "acceleration",
        "acceleration_xy": "acceleration_xy",
        "plausibility": "plausibility",
    }
)
KIND_OF: Mapping[str, str] = MappingProxyType(
    {
        "speed": "velocity",
        "direction": "velocity",
        "velocity_xy": "velocity",
        "acceleration": "acceleration",
        "acceleration_xy": "acceleration",
        "plausibility": "plausibility",
    }
)


def kind_of(target: AuditTarget) -> str:
    """Kind of dataset that ``target`` is read in."""
    return KIND_OF[VARIABLE_OF[target]]
