"""C8: direction is more than position, distance and time in view."""

from dataclasses import replace

from pez.audit.claims.curves import missing, rise_of
from pez.audit.claims.finding import Claim, Finding, undecided
from pez.audit.claims.together import judge_together
from pez.audit.primary import PARTIAL, PrimaryEvidence


def judge(evidence: PrimaryEvidence) -> Finding:
    """Yes: the partial curve rises, within one state. No: it does not rise, or elsewhere."""
    gap = missing(evidence, "direction", PARTIAL)
    if gap is not None:
        return undecided(gap)
    partial = evidence.trained[PARTIAL]
    rise = rise_of(partial)
    name = "direction without position, distance and time in view"
    found = judge_together(partial, name, evidence.trained["direction"], "direction")
    assert found.p is not None
    p = max(found.p, rise.p)
    null = {**found.null, "rise_p": rise.p}
    if rise.absent:
        reason = f"What is left of direction rises by {rise.words}."
        return replace(found, verdict="no", reason=reason, p=p, null=null)
    reason = f"{found.reason[:-1]}; it rises by {rise.words}."
    return replace(found, reason=reason, p=p, null=null)


CLAIM = Claim(
    "C8",
    "Direction survives partialling out of start position, distance and time in view.",
    "step of the partial curve minus step of direction, in states, and the partial curve's rise",
    judge,
)
