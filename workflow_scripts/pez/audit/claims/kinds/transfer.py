"""C9: what is read in one half of the frame begins to hold in the other where direction emerges."""

from pez.audit.claims.curves import missing
from pez.audit.claims.finding import Claim, Finding, undecided
from pez.audit.claims.together import judge_together
from pez.audit.primary import TRANSFER, PrimaryEvidence


def judge(evidence: PrimaryEvidence) -> Finding:
    """Yes: steps within one state. No: further apart, or there is no transfer."""
    gap = missing(evidence, "direction", TRANSFER)
    if gap is not None:
        return undecided(gap)
    curves = evidence.trained
    return judge_together(
        curves[TRANSFER], "transfer between halves", curves["direction"], "direction"
    )


CLAIM = Claim(
    "C9",
    "Spatial transfer begins where direction emerges.",
    "step of the transfer between halves of the frame minus step of direction, in states",
    judge,
)
