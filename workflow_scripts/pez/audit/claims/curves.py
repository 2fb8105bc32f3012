"""What several claims ask of the curves of the primary cell."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pez.audit.claims.finding import ALPHA
from pez.audit.primary import Curve, PrimaryEvidence
from pez.estimands.intervals import p_above_state, percentile
from pez.estimands.landmarks import first, noise_floor, peak, peak_draws

Onset = Callable[[np.ndarray, float], np.ndarray]
NEARLY_ALL = 0.95  # share of draws without an onset from which on there is none


def missing(evidence: PrimaryEvidence, *variables: str) -> str | None:
    """Say which of ``variables`` have no curve, or one with gaps; None: all are whole."""
    absent = [name for name in variables if name not in evidence.trained]
    if absent:
        return f"There is no curve of {' or '.join(absent)}."
    gaps = [name for name in variables if not np.isfinite(evidence.trained[name].scores).all()]
    return f"The curve of {' and '.join(gaps)} has states without a score." if gaps else None


@dataclass(frozen=True)
class Rise:
    """Whether a curve rises at all.

    Attributes:
        value: peak minus first score, or minus chance where the first score is below it.
        low, high: interval of 90 %, free of picking the peak.
        floor: rise that an onset needs.
        p: of no state being above the first.
    """

    value: float
    low: float
    high: float
    floor: float
    p: float

    @property
    def absent(self) -> bool:
        """Whether the curve is shown not to rise by ``floor``."""
        return self.high < self.floor

    @property
    def words(self) -> str:
        """The rise in numbers."""
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def rise_of(curve: Curve) -> Rise:
    """Measure the rise of ``curve`` from state 0 to its peak."""
    rises = peak_draws(curve.scores, curve.draws) - np.maximum(first(curve.draws), 0.0)
    low, high = percentile(rises)
    return Rise(
        value=float(peak(curve.scores) - max(first(curve.scores), 0.0)),
        low=float(low),
        high=float(high),
        floor=noise_floor(curve.permuted),
        p=p_above_state(curve.scores, curve.draws, 0),
    )


@dataclass(frozen=True)
class Onsets:
    """Onset of a curve and of its draws, NaN where there is none."""

    value: float
    draws: np.ndarray

    @property
    def none_share(self) -> float:
        """Share of draws without an onset."""
        return float(np.isnan(self.draws).mean())

    @property
    def absent(self) -> bool:
        """Whether nearly no draw has an onset."""
        return self.none_share >= NEARLY_ALL


def onsets(curve: Curve, rule: Onset) -> Onsets:
    """Read the onset off ``curve`` by ``rule``, with the floor that its permuted curves set."""
    found = rule(np.vstack([curve.scores, curve.draws]), noise_floor(curve.permuted))
    return Onsets(float(found[0]), found[1:])


def significant(p: float) -> bool:
    """Whether ``p`` is `ALPHA` at most."""
    return p <= ALPHA


def number(value: float) -> float | None:
    """Return ``value``, None for NaN: what does not exist."""
    return None if np.isnan(value) else value
