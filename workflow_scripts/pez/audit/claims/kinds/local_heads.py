"""C10: a claim about attention heads, judged by what their loss costs, not by curves.

Local heads of the blocks at a third of depth are made the same for every clip, and in turn sets of
as many other heads of these blocks, which write most nearly as much (`pez.inside.heads`).
"""

from pez.audit.claims.finding import Claim, Finding, undecided
from pez.audit.primary import PrimaryEvidence


def judge(evidence: PrimaryEvidence) -> Finding:
    """Judge by `pez.inside.heads.costs.Costs.answer`."""
    if evidence.heads is None:
        return undecided(
            f"No heads of {evidence.model} were taken away: name a measurement of kind "
            "head_ablation that looks into it as audit.heads."
        )
    costs = evidence.heads
    verdict, told = costs.answer()
    beyond = costs.interval()
    null: dict[str, str | float] = {
        "description": "as many other heads",
        "sets": float(len(costs.others)),
        "sets_exceeded": float(costs.exceeded),
        "score_with_all_heads": float(costs.whole[0]),
    }
    interval = (beyond.low, beyond.high)
    return Finding(verdict, f"Local heads: {told}", beyond.value, interval, null, costs.p())


CLAIM = Claim(
    "C10",
    "Direction depends on local heads, beyond matched removal of other heads.",
    "loss of score without local heads minus loss without matched heads",
    judge,
)
