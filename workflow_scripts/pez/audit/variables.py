"""What the audit reads out: variables, the targets that code them, and how they are scored."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd

from pez.recipes.targets import target_values
from pez.scores.regression import angles

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


def fitted(labels: pd.DataFrame, target: AuditTarget) -> np.ndarray:
    """Return what a probe of ``target`` is fitted to, float64 [n, outputs]."""
    if target != "direction_harmonics":
        return target_values(labels, target)
    sine, cosine = target_values(labels, "direction_sincos").T
    return np.stack([sine, cosine, 2 * sine * cosine, cosine**2 - sine**2], axis=1)


def scored(labels: pd.DataFrame, target: AuditTarget) -> np.ndarray:
    """Return what predictions are held against, float64 [n, k]: of ``direction_vxy`` the
    direction's unit vector (sin, cos), of all others what is fitted."""
    return fitted(labels, "direction_sincos" if target == "direction_vxy" else target)


def as_scored(target: AuditTarget, outputs: np.ndarray) -> np.ndarray:
    """Turn probe ``outputs`` [..., n, outputs] into what is scored, [..., n, k]."""
    if target != "direction_vxy":
        return outputs
    flat = outputs.reshape(-1, outputs.shape[-1])
    angle = angles(flat, "image").reshape(outputs.shape[:-1])
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1)
