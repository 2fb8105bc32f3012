"""Planted networks through the read-outs of the primary cell."""

import numpy as np
import torch

from pez.audit.measure_primary import PrimarySettings, measure_primary
from pez.audit.planted.planted import Planted, Stack
from pez.audit.primary import Curve, PrimaryEvidence


def measure_planted(name: str, planted: Planted, settings: PrimarySettings) -> PrimaryEvidence:
    """Measure the primary cell of ``planted``, called ``name``."""
    trained: dict[str, Curve] = {}
    for kind, stack in planted.trained.items():
        trained |= _measure(stack, kind, settings, permuted=True)
    seeds = [_measure(stack, "velocity", settings, permuted=False) for stack in planted.untrained]
    return PrimaryEvidence(name, trained, {"untrained": seeds})


def _measure(
    stack: Stack, kind: str, settings: PrimarySettings, *, permuted: bool
) -> dict[str, Curve]:
    states = [torch.from_numpy(np.ascontiguousarray(state)) for state in stack.features]
    return measure_primary(states, stack.labels, kind, settings, permuted)
