"""Claims by module, and their findings with Holm's adjustment."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from pez.audit.claims import kinds
from pez.audit.claims.curves import significant
from pez.audit.claims.finding import Claim, Finding
from pez.audit.primary import Curve, Curves, PrimaryEvidence
from pez.estimands.scatter import scattered


@cache
def claims() -> tuple[Claim, ...]:
    """All claims, the modules in `pez.audit.claims.kinds`, in the order of their numbers."""
    found = [
        import_module(f"pez.audit.claims.kinds.{module.name}").CLAIM
        for module in iter_modules(kinds.__path__)
    ]
    return tuple(sorted(found, key=lambda claim: int(claim.id.removeprefix("C"))))


def judge_all(evidence: PrimaryEvidence) -> dict[str, Finding]:
    """Judge every claim on ``evidence``, by the claims' ids.

    Draws first get the scatter from state to state that they lack (`pez.estimands.scatter`). A yes
    adjusted p is above `pez.audit.claims.finding.ALPHA` becomes undecided.
    """
    rough = with_scatter(evidence)
    return adjust({claim.id: claim.judge(rough) for claim in claims()})


def with_scatter(evidence: PrimaryEvidence) -> PrimaryEvidence:
    """Return ``evidence`` with the scatter in its draws that they lack."""
    controls = {
        name: [_scattered(curves) for curves in seeds] for name, seeds in evidence.controls.items()
    }
    return PrimaryEvidence(evidence.model, _scattered(evidence.trained), controls)


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
