"""C1: direction rises abruptly.

Above what noise makes of a straight rise is not yet abrupt: with little noise a square root of
depth is that, too. So one state must hold a third of the rise as well, as if it took three states
or fewer at even speed.
"""

import numpy as np

from pez.audit.claims.curves import missing, number, rise_of, significant
from pez.audit.claims.finding import ALPHA, Claim, Finding, Verdict, undecided
from pez.audit.primary import PrimaryEvidence
from pez.estimands.intervals import percentile
from pez.estimands.step import ramp_sharpness, sharpness

ABRUPT = 1 / 3


def judge(evidence: PrimaryEvidence) -> Finding:
    """Yes: sharper than ramps, and no less than a third. No: less than a third, or no rise."""
    gap = missing(evidence, "direction")
    if gap is not None:
        return undecided(gap)
    curve = evidence.trained["direction"]
    rise = rise_of(curve)
    value = number(float(sharpness(curve.scores, rise.floor)))
    ramps = ramp_sharpness(curve.scores, curve.draws)
    limit = float(np.quantile(ramps, 1 - ALPHA))
    null: dict[str, str | float] = {
        "description": "a straight rise from the first score to the peak, with the noise of the "
        "bootstrap",
        "ramp_quantile_95": limit,
        "ramp_median": float(np.median(ramps)),
        "straight": 1 / evidence.blocks,
        "rise_p": rise.p,
        "abrupt": ABRUPT,
    }
    if rise.absent or value is None:
        p = max(rise.p, 1.0 if value is None else 0.0)
        verdict: Verdict = "no" if rise.absent else "undecided"
        reason = f"Direction rises by {rise.words}, where {rise.floor:.2f} would count as a rise."
        return Finding(verdict, reason, value, None, null, p)
    low, high = map(float, percentile(sharpness(curve.draws, rise.floor)))
    p = max((1 + int((ramps >= value).sum())) / (1 + len(ramps)), rise.p)
    verdict = "undecided"
    if significant(p) and low >= ABRUPT:
        verdict = "yes"
    elif high < ABRUPT:
        verdict = "no"
    reason = (
        f"The largest rise from one state to the next is {value:.2f} [{low:.2f}, {high:.2f}] of "
        f"the whole; a straight rise with the same noise stays below {limit:.2f} in 95 % of "
        f"draws, and {ABRUPT:.2f} counts as abrupt."
    )
    return Finding(verdict, reason, value, (low, high), null, p)


CLAIM = Claim(
    "C1",
    "Direction rises abruptly.",
    "sharpness: largest one-state rise as a share of the rise up to the peak",
    judge,
)
