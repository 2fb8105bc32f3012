"""All claims, and their findings with Holm's adjustment.

Claims are imported by name, not looked for: whoever judges depends on every one of them, and the
fingerprint of the code (docs/cache.md) follows imports.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pez.audit.claims.curves import significant
from pez.audit.claims.finding import Claim, Finding
from pez.audit.claims.kinds import (
    abrupt,
    acceleration_as_early,
    after_magnitudes,
    beyond_position,
    late_decline,
    local_heads,
    location,
    needs_training,
    transfer,
    with_plausibility,
)
from pez.audit.primary import Curve, Curves, PrimaryEvidence
from pez.estimands.scatter import scattered

CLAIMS: tuple[Claim, ...] = (
    abrupt.CLAIM,
    location.CLAIM,
    after_magnitudes.CLAIM,
    needs_training.CLAIM,
    with_plausibility.CLAIM,
    late_decline.CLAIM,
    acceleration_as_early.CLAIM,
    beyond_position.CLAIM,
    transfer.CLAIM,
    local_heads.CLAIM,
)


def judge_all(evidence: PrimaryEvidence) -> dict[str, Finding]:
    """Judge every claim on ``evidence``, by the claims' ids.

    Draws first get the scatter from state to state that they lack (`pez.estimands.scatter`). A yes
    adjusted p is above `pez.audit.claims.finding.ALPHA` becomes undecided.
    """
    rough = with_scatter(evidence)
    return adjust({claim.id: claim.judge(rough) for claim in CLAIMS})


def with_scatter(evidence: PrimaryEvidence) -> PrimaryEvidence:
    """Return ``evidence`` with the scatter in its draws that they lack."""
    controls = {
        name: [_scattered(curves) for curves in seeds] for name, seeds in evidence.controls.items()
    }
    return replace(evidence, trained=_scattered(evidence.trained), controls=controls)


def _scattered(curves: Curves) -> dict[str, Curve]:
    """Curves with scatter; each draws its own, none is shared between variables."""
    return {
        name: replace(curve, draws=scattered(curve.scores, curve.draws, seed))
        for seed, (name, curve) in enumerate(sorted(curves.items()))
    }


def adjust(findings: Mapping[str, Finding]) -> dict[str, Finding]:
    """Adjust the p values of ``findings`` for their number (S. Holm 1979)."""
    tested = [name for name, finding in findings.items() if finding.p is not None]
    adjusted = dict(zip(tested, holm([findings[name].p or 0.0 for name in tested]), strict=True))
    return {name: _adjusted(one, adjusted.get(name)) for name, one in findings.items()}


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values in the order of ``p_values``: the chance of even one wrong yes."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def _adjusted(finding: Finding, holm_p: float | None) -> Finding:
    if finding.verdict != "yes" or holm_p is None or significant(holm_p):
        return replace(finding, holm_p=holm_p)
    reason = f"{finding.reason} Adjusted for the number of claims, p is {holm_p:.3f}."
    return replace(finding, verdict="undecided", reason=reason, holm_p=holm_p)
