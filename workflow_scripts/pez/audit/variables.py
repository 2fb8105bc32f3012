"""What the audit reads out: variables, the targets that code them, and how they are scored."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from pez.recipes.spec import TargetName
from pez.recipes.targets import target_values
from pez.scores.regression import angles

# Variable of every target. In which kind of dataset a variable is read, its first word says.
VARIABLE_OF: Mapping[TargetName, str] = MappingProxyType(
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


def kind_of(target: TargetName) -> str:
    """Kind of dataset that ``target`` is read in."""
    return KIND_OF[VARIABLE_OF[target]]


def fitted(labels: pd.DataFrame, target: TargetName) -> np.ndarray:
    """Return what a probe of ``target`` is fitted to, float64 [n, outputs]."""
    return target_values(labels, target)


def scored(labels: pd.DataFrame, target: TargetName) -> np.ndarray:
    """Return what predictions are held against, float64 [n, k]: of ``direction_vxy`` the
    direction's unit vector (sin, cos), of all others what is fitted."""
    return target_values(labels, "direction_sincos" if target == "direction_vxy" else target)


def as_scored(target: TargetName, outputs: np.ndarray) -> np.ndarray:
    """Turn probe ``outputs`` [..., n, outputs] into what is scored, [..., n, k]."""
    if target != "direction_vxy":
        return outputs
    flat = outputs.reshape(-1, outputs.shape[-1])
    angle = angles(flat, "image").reshape(outputs.shape[:-1])
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1)
