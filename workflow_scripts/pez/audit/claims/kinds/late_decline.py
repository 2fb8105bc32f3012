"""C6: direction declines late."""

from pez.audit.claims.curves import missing, number, onsets, significant
from pez.audit.claims.finding import Claim, Finding, Verdict, undecided
from pez.audit.primary import PrimaryEvidence
from pez.estimands.intervals import p_above_state, percentile
from pez.estimands.late_decline import pooled_decline
from pez.estimands.threshold import threshold

NEGLIGIBLE = 0.02  # two percent of the variance


def judge(evidence: PrimaryEvidence) -> Finding:
    """Yes: some state is above the last one. No: none is by more than is negligible."""
    gap = missing(evidence, "direction")
    if gap is not None:
        return undecided(gap)
    curve = evidence.trained["direction"]
    declines = pooled_decline(curve.folds, curve.scores, curve.draws)
    value = number(float(declines[0]))
    if value is None:
        return undecided("Direction has no two folds with a score at every state.")
    low, high = map(float, percentile(declines[1:]))
    p = p_above_state(curve.scores, curve.draws, -1)
    null: dict[str, str | float] = {
        "description": "no state is above the last one",
        "negligible": NEGLIGIBLE,
    }
    readable = onsets(curve, threshold)
    if readable.absent:
        reason = f"Direction is not readable in {readable.none_share:.0%} of draws."
        return Finding("no", reason, value, (low, high), null, p)
    verdict: Verdict = "undecided"
    if significant(p) and low > 0:
        verdict = "yes"
    elif high < NEGLIGIBLE:
        verdict = "no"
    reason = (
        f"At the peak that the other folds pick, direction is {value:.3f} [{low:.3f}, {high:.3f}] "
        f"above the last state; less than {NEGLIGIBLE} is negligible."
    )
    return Finding(verdict, reason, value, (low, high), null, p)


CLAIM = Claim(
    "C6",
    "Direction declines in late states.",
    "score at the peak minus score at the last state, the peak picked on the other folds",
    judge,
)
