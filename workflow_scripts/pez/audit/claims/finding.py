"""What a claim is, and what is found about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pez.audit.primary import PrimaryEvidence

Verdict = Literal["yes", "no", "undecided"]
ALPHA = 0.05  # one-sided; intervals are of 90 %, with this much beyond either end


@dataclass(frozen=True)
class Finding:
    """What the evidence says of a claim.

    Attributes:
        verdict: yes and no are shown; what is not shown is undecided.
        reason: one sentence with the numbers that decide.
        value: of the estimand; None where it was not measured or does not exist.
        interval: of 90 %; ends may be infinite where onsets are missing.
        null: what the value is held against: ``description``, and numbers by name.
        p: one-sided, of the claim not holding; None where nothing was tested.
        holm_p: ``p`` adjusted for the number of claims; None before that.
    """

    verdict: Verdict
    reason: str
    value: float | None = None
    interval: tuple[float, float] | None = None
    null: Mapping[str, str | float] = field(default_factory=dict)
    p: float | None = None
    holm_p: float | None = None


@dataclass(frozen=True)
class Claim:
    """A claim.

    Attributes:
        id: C1, C2, ...
        statement: what is said.
        estimand: what is measured, in words.
        judge: from the curves of the primary cell to a finding without Holm's adjustment.
    """

    id: str
    statement: str
    estimand: str
    judge: Callable[[PrimaryEvidence], Finding]


def undecided(reason: str) -> Finding:
    """Return the finding of a claim that the evidence does not bear on."""
    return Finding("undecided", reason)
