"""C2: the step of direction lies at about one third of the depth."""

from pez.audit.claims.curves import missing, number, onsets, rise_of, significant
from pez.audit.claims.finding import Claim, Finding, Verdict, undecided
from pez.audit.primary import PrimaryEvidence
from pez.estimands.order import order_interval
from pez.estimands.step import step

DEPTHS = (0.2, 0.45)


def judge(evidence: PrimaryEvidence) -> Finding:
    """Yes: the interval of the step lies inside the range. No: outside, or there is no step."""
    gap = missing(evidence, "direction")
    if gap is not None:
        return undecided(gap)
    curve = evidence.trained["direction"]
    rise = rise_of(curve)
    found = onsets(curve, step)
    depths = found.draws / evidence.blocks
    low, high = order_interval(depths)
    first, last = DEPTHS
    inside = int(((depths >= first) & (depths <= last)).sum())
    p = (1 + len(depths) - inside) / (1 + len(depths))
    null: dict[str, str | float] = {
        "description": f"the step lies outside {first} to {last} of the depth, or there is none",
        "from": first,
        "to": last,
        "none_share": found.none_share,
    }
    value = number(found.value / evidence.blocks)
    if rise.absent or found.absent:
        reason = f"Direction rises by {rise.words} and has no step in "
        reason += f"{found.none_share:.0%} of draws."
        return Finding("no", reason, value, None, null, p)
    verdict: Verdict = "undecided"
    if significant(p) and first <= low and high <= last:
        verdict = "yes"
    elif high < first or low > last:
        verdict = "no"
    at = "nowhere" if value is None else f"at {value:.2f} of the depth"
    share = inside / len(depths)
    reason = (
        f"Direction steps up {at}, in [{low:.2f}, {high:.2f}] over draws; {share:.0%} of draws "
        f"step up within {first} to {last}."
    )
    return Finding(verdict, reason, value, (low, high), null, p)


CLAIM = Claim(
    "C2",
    "Direction steps up at about one third of the depth (.2 to .45).",
    "state of the best two-level fit, divided by the number of blocks",
    judge,
)
