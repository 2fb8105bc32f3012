"""Targets of the audit as numbers: what is fitted, and what predictions are held against."""

import numpy as np
import pandas as pd

from pez.audit.targets import AuditTarget
from pez.recipes.targets import target_values
from pez.scores.regression import angles


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
