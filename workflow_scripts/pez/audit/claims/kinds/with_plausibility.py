"""C5: direction and plausibility emerge together."""

from pez.audit.claims.curves import missing
from pez.audit.claims.finding import Claim, Finding, undecided
from pez.audit.claims.together import judge_together
from pez.audit.primary import PrimaryEvidence


def judge(evidence: PrimaryEvidence) -> Finding:
    """Yes: steps within one state. No: further apart, or one of them has no step."""
    gap = missing(evidence, "direction", "plausibility")
    if gap is not None:
        return undecided(gap)
    curves = evidence.trained
    return judge_together(curves["direction"], "direction", curves["plausibility"], "plausibility")


CLAIM = Claim(
    "C5",
    "Direction and plausibility emerge together.",
    "step of direction minus step of plausibility, in states",
    judge,
)
