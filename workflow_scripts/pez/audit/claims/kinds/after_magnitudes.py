"""C3: direction is readable only after speed and acceleration are."""

import numpy as np

from pez.audit.claims.curves import missing, number, onsets, significant
from pez.audit.claims.finding import Claim, Finding, Verdict, undecided
from pez.audit.primary import PrimaryEvidence
from pez.estimands.order import difference, order_interval, p_above
from pez.estimands.threshold import threshold

OTHERS = ("speed", "acceleration")


def judge(evidence: PrimaryEvidence) -> Finding:
    """Yes: later than the later of both. No: not later, or direction never becomes readable."""
    gap = missing(evidence, "direction", *OTHERS)
    if gap is not None:
        return undecided(gap)
    direction = onsets(evidence.trained["direction"], threshold)
    others = [onsets(evidence.trained[name], threshold) for name in OTHERS]
    draws = min(len(found.draws) for found in (direction, *others))
    later = np.maximum.reduce([found.draws[:draws] for found in others])  # NaN if either is
    after = difference(direction.draws[:draws], later)
    after[np.isnan(direction.draws[:draws])] = np.nan  # what never comes, does not come later
    low, high = order_interval(after)
    p = p_above(after)
    value = number(direction.value - max(found.value for found in others))
    null: dict[str, str | float] = {
        "description": "direction is readable no later than speed or acceleration",
        "none_share of direction": direction.none_share,
        **{
            f"none_share of {name}": found.none_share
            for name, found in zip(OTHERS, others, strict=True)
        },
    }
    if direction.absent:
        reason = f"Direction is not readable in {direction.none_share:.0%} of draws."
        return Finding("no", reason, value, (low, high), null, p)
    verdict: Verdict = "undecided"
    if significant(p) and low > 0:
        verdict = "yes"
    elif high <= 0:
        verdict = "no"
    named = zip(("direction", *OTHERS), (direction, *others), strict=True)
    states = ", ".join(
        f"{name} {'never' if np.isnan(found.value) else f'{found.value:g}'}"
        for name, found in named
    )
    reason = (
        f"States from which each is readable: {states}; direction minus the later of the others is "
        f"in [{low:g}, {high:g}]."
    )
    return Finding(verdict, reason, value, (low, high), null, p)


CLAIM = Claim(
    "C3",
    "Direction becomes readable after speed and after acceleration.",
    "first state that keeps .8 of the peak: direction minus the later of speed and acceleration",
    judge,
)
