"""Learning rate and momentum of the target encoder, as functions of the step alone."""

import math

from pez.pretraining.spec import PretrainingSpec


def learning_rate(spec: PretrainingSpec, step: int) -> float:
    """Linear warm-up from 0, then a half cosine back to 0 at the last step."""
    warmup = spec.warmup_share * spec.steps
    if step < warmup:
        return spec.learning_rate * (step + 1) / warmup
    left = (step - warmup) / max(1.0, spec.steps - warmup)
    return spec.learning_rate * 0.5 * (1 + math.cos(math.pi * left))


def target_momentum(spec: PretrainingSpec, step: int) -> float:
    """Rises linearly from ``target_momentum`` to 1, as in V-JEPA."""
    return spec.target_momentum + (1 - spec.target_momentum) * step / spec.steps
