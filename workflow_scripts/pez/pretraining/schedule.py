"""Learning rate and momentum of the target encoder, as functions of the step alone."""

import math
from typing import Protocol

from pez.pretraining.spec import PretrainingSpec


class Scheduled(Protocol):
    """A training with a learning rate that rises and falls."""

    @property
    def learning_rate(self) -> float:
        """At its peak."""
        ...

    @property
    def warmup_share(self) -> float:
        """Steps until then, as a share of all."""
        ...

    @property
    def steps(self) -> int:
        """All steps."""
        ...


def learning_rate(spec: Scheduled, step: int) -> float:
    """Linear warm-up from 0, then a half cosine back to 0 at the last step."""
    warmup = spec.warmup_share * spec.steps
    if step < warmup:
        return spec.learning_rate * (step + 1) / warmup
    left = (step - warmup) / max(1.0, spec.steps - warmup)
    return spec.learning_rate * 0.5 * (1 + math.cos(math.pi * left))


def target_momentum(spec: PretrainingSpec, step: int) -> float:
    """Rises linearly from ``target_momentum`` to 1, as in V-JEPA."""
    return spec.target_momentum + (1 - spec.target_momentum) * step / spec.steps
