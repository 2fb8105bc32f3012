"""Curves of the primary cell as named arrays, for a file."""

from collections.abc import Mapping
from dataclasses import fields

import numpy as np

from pez.audit.primary import Curve


def as_tensors(curves: Mapping[str, Curve]) -> dict[str, np.ndarray]:
    """Curves as named arrays: ``variable.scores``, ``.draws``, ``.folds``, ``.permuted``."""
    return {
        f"{variable}.{field.name}": np.asarray(value, np.float64)
        for variable, curve in curves.items()
        for field in fields(curve)
        if (value := getattr(curve, field.name)) is not None
    }


def from_tensors(tensors: Mapping[str, np.ndarray]) -> dict[str, Curve]:
    """Read what `as_tensors` gave."""
    named: dict[str, dict[str, np.ndarray]] = {}
    for name, array in tensors.items():
        variable, _, field = name.partition(".")
        named.setdefault(variable, {})[field] = array
    return {variable: Curve(**arrays) for variable, arrays in named.items()}
