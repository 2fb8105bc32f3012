"""Planted networks through the read-outs of the primary cell."""

import numpy as np
import torch

from pez.audit.measure_primary import PrimarySettings, measure_primary
from pez.audit.planted.planted import Network
from pez.audit.primary import Curve


def measure_planted(
    network: Network, settings: PrimarySettings, *, permuted: bool = True
) -> dict[str, Curve]:
    """Measure the curves of the primary cell on all datasets of ``network``, by variable."""
    curves: dict[str, Curve] = {}
    for kind, stack in network.items():
        states = [torch.from_numpy(np.ascontiguousarray(state)) for state in stack.features]
        curves |= measure_primary(states, stack.labels, kind, settings, permuted)
    return curves
