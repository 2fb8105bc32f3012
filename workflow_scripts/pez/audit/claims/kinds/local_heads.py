"""C10: a claim about attention heads, which curves of scores cannot settle."""

from pez.audit.claims.finding import Claim, Finding, undecided
from pez.audit.primary import PrimaryEvidence


def judge(evidence: PrimaryEvidence) -> Finding:
    """Undecided, with what would be needed."""
    return undecided(
        f"This audit holds no attention of {evidence.model}: needed are direction's scores with "
        "local heads removed, and with as many other heads removed, matched by state and by how "
        "much they write."
    )


CLAIM = Claim(
    "C10",
    "Direction depends on local heads, beyond matched removal of other heads.",
    "loss of score without local heads minus loss without matched heads",
    judge,
)
