"""C7: Cartesian acceleration is readable as early as Cartesian velocity."""

import numpy as np

from pez.audit.claims.curves import missing, number, onsets, significant
from pez.audit.claims.finding import Claim, Finding, Verdict, undecided
from pez.audit.primary import PrimaryEvidence
from pez.estimands.order import difference, order_interval, p_at_most
from pez.estimands.threshold import threshold

MARGIN = 1.0  # states
NAMES = ("acceleration_xy", "velocity_xy")


def judge(evidence: PrimaryEvidence) -> Finding:
    """Yes: at most one state later. No: later than that, or one of them is never readable."""
    gap = missing(evidence, *NAMES)
    if gap is not None:
        return undecided(gap)
    acceleration, velocity = (onsets(evidence.trained[name], threshold) for name in NAMES)
    draws = min(len(acceleration.draws), len(velocity.draws))
    later = difference(acceleration.draws[:draws], velocity.draws[:draws])
    later[np.isnan(velocity.draws[:draws])] = np.nan  # nothing to be as early as
    low, high = order_interval(later)
    p = p_at_most(later, MARGIN)
    value = number(acceleration.value - velocity.value)
    null: dict[str, str | float] = {
        "description": "acceleration is readable more than one state after velocity",
        "margin": MARGIN,
        "none_share of acceleration_xy": acceleration.none_share,
        "none_share of velocity_xy": velocity.none_share,
    }
    pairs = zip(NAMES, (acceleration, velocity), strict=True)
    absent = [name for name, found in pairs if found.absent]
    if absent:
        verb = "is" if len(absent) == 1 else "are"
        reason = f"{' and '.join(absent)} {verb} readable in 5 % of draws or fewer."
        return Finding("no", reason, value, (low, high), null, p)
    verdict: Verdict = "undecided"
    if significant(p) and high <= MARGIN:
        verdict = "yes"
    elif low > MARGIN:
        verdict = "no"
    reason = (
        f"Acceleration is readable from state {acceleration.value:g} on, velocity from "
        f"{velocity.value:g}: difference in [{low:g}, {high:g}] states, where {MARGIN:g} is "
        "allowed."
    )
    return Finding(verdict, reason, value, (low, high), null, p)


CLAIM = Claim(
    "C7",
    "Cartesian acceleration is readable as early as Cartesian velocity.",
    "first state that keeps .8 of the peak: acceleration minus velocity",
    judge,
)
