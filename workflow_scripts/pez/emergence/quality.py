"""Reproduction-quality level of a figure, rule by rule against the reference tables.

Levels, the best that applies:

* Qualified: every probe passes all its rules, and one recipe serves all probes.
* Partial: at least one probe passes all its rules.
* Overall-only: no probe does, but the values averaged over the probes agree.
* Failed: none of this.
* Not comparable: reference numbers are known, and no curve was made with their recipe.
* No reference: a trained model for which no reference numbers are known.
* Not a reproduction: the weights are not the published ones, or the clips are not of the paper's
  number or origin. Nothing is compared.

Only curves made with exactly the reference's recipe are compared with it; of all others every field
that differs is named. What the paper's plots show is compared with the curves of every protocol,
because the paper states only half of its recipe.

A "probe" is here what is judged by one set of rules: a probe, or one score of a probe that has
several.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from pez.emergence.curves import Curve
from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.landmarks import Landmarks, find_landmarks
from pez.emergence.readout import Readout
from pez.emergence.reference import (
    PAPER_CLIPS,
    PAPER_RENDERERS,
    PUBLISHED_WEIGHTS,
    References,
    caveat,
    numbers_of,
    recipe_differences,
)
from pez.recipes.recipe import Recipe
from pez.runtime.schema import Schema

Level = Literal[
    "Qualified",
    "Partial",
    "Overall-only",
    "Failed",
    "Not comparable",
    "No reference",
    "Not a reproduction",
]
_PAPER_CAVEAT = "the paper states half of its recipe; the other half is this protocol's choice"
OVERALL = "mean over probes"
_OVERALL_QUANTITIES = ("first", "pez", "peak", "last")
_ROUNDING = 1e-9  # a difference of exactly the tolerance passes


class Rule(Schema):
    """One comparison of a measured number with a reference number."""

    probe: str
    quantity: str = Field(description="see resources/reference/README.md")
    kind: Literal["key", "shape", "overall"]
    layer: int | None = Field(description="layer that the source names, if any")
    measured: float | None = Field(description="null where the curve does not have it")
    reference: float
    tolerance: float
    tolerance_source: str = Field(description="the measured spread that it follows from")
    passed: bool = Field(description="|measured - reference| <= tolerance")
    source: str


class Comparison(Schema):
    """All rules against one reference table, and the level that follows from them."""

    reference: str
    level: Level
    matching_probes: tuple[str, ...] = Field(description="probes that pass all their rules")
    not_compared: dict[str, tuple[str, ...]] = Field(
        {}, description="curves made with another recipe, and every field in which it differs"
    )
    caveats: tuple[str, ...] = Field((), description="what to know before leaning on its numbers")
    rules: tuple[Rule, ...]


def why_not_comparable(
    readouts: Sequence[Readout],
    model: str,
    facts: ModelFacts,
    clips: ClipsFacts,
    references: References,
) -> tuple[Level | None, tuple[str, ...]]:
    """Level (or None if it is for the rules to decide) and reasons why nothing can be compared."""
    reasons = []
    if facts.source == "embedded":
        reasons.append("the weights were trained by this project; the paper's models were not used")
    if facts.source == "random":
        reasons.append("the weights are random")
    published = PUBLISHED_WEIGHTS.get(model)
    if facts.source == "checkpoint" and published is not None and published not in facts.weights:
        reasons.append(f"the weights ({facts.weights}) are not the published {published}")
    for dataset, count in clips.datasets.items():
        if dataset not in PAPER_CLIPS:
            reasons.append(f"the paper has no dataset {dataset!r}")
            continue
        expected, renderer = PAPER_CLIPS[dataset], PAPER_RENDERERS[dataset]
        if clips.renderer != renderer:
            reasons.append(
                f"clips of {dataset!r} rendered by {clips.renderer!r}, the paper's by {renderer!r}"
            )
        if count != expected:
            reasons.append(f"{count} clips in {dataset!r}, where the paper has {expected}")
    if reasons:
        return "Not a reproduction", tuple(reasons)
    variables = {readout.variable for readout in readouts}
    table = references.third_party
    known = sorted(set(table.loc[table["variable"].isin(variables), "model"]))
    if model not in known:
        return "No reference", (
            f"reference numbers are known for {', '.join(known) or 'no model'} only",
        )
    return None, ()


def compare(
    model: str, readouts: Sequence[Readout], clips: ClipsFacts, references: References
) -> tuple[Comparison, ...]:
    """Compare the curves of one model with the third-party table (first) and the paper's plots.

    Args:
        model: its name in the tables.
        readouts: what may be compared, on all clips.
        clips: the clips in use.
        references: see `read_references`.
    """
    same, others = [], {}
    for readout in readouts:
        differences = recipe_differences(readout, clips, references.recipes)
        if differences == ():
            same.append(readout)
        elif differences is not None:
            others[f"{readout.name} ({readout.recipe.protocol})"] = differences
    known = (caveat(readout, references.recipes) for readout in same)
    caveats = tuple(dict.fromkeys(text for text in known if text is not None))
    by_protocol: dict[str, list[Readout]] = {}
    for readout in readouts:
        by_protocol.setdefault(readout.recipe.protocol, []).append(readout)
    return (
        _compare("third-party reproduction", references.third_party, model, same, others, caveats),
        *(
            _compare(
                f"paper, read off its plots: {protocol} protocol",
                references.paper,
                model,
                own,
                {},
                (_PAPER_CAVEAT,),
            )
            for protocol, own in by_protocol.items()
        ),
    )


def _shared_recipe(recipe: Recipe) -> tuple[str, ...]:
    """What must be equal for two probes to count as one recipe (they differ in their target)."""
    spec = recipe.spec
    return (
        spec.capture,
        spec.pooling,
        str(spec.grouping),
        spec.normalisation,
        spec.solver,
        spec.clips,
    )


def _compare(
    name: str,
    table: pd.DataFrame,
    model: str,
    readouts: Sequence[Readout],
    not_compared: dict[str, tuple[str, ...]],
    caveats: tuple[str, ...],
) -> Comparison:
    by_probe = {
        readout.name: _rules(readout, numbers_of(table, model, readout.variable))
        for readout in readouts
    }
    overall = _overall_rules(list(by_probe.values()))
    matching = tuple(
        probe for probe, rules in by_probe.items() if rules and all(rule.passed for rule in rules)
    )
    one_recipe = len({_shared_recipe(readout.recipe) for readout in readouts}) == 1
    return Comparison(
        reference=name,
        level="Not comparable"
        if not_compared and not readouts
        else _level(by_probe, matching, overall, one_recipe),
        matching_probes=matching,
        not_compared=not_compared,
        caveats=caveats,
        rules=tuple(rule for rules in by_probe.values() for rule in rules) + tuple(overall),
    )


def _level(
    by_probe: Mapping[str, list[Rule]],
    matching: tuple[str, ...],
    overall: list[Rule],
    one_recipe: bool,
) -> Level:
    if not any(by_probe.values()):
        return "No reference"
    if len(matching) == len(by_probe) and one_recipe:
        return "Qualified"
    if matching:
        return "Partial"
    if overall and all(rule.passed for rule in overall):
        return "Overall-only"
    return "Failed"


def _rules(readout: Readout, rows: pd.DataFrame) -> list[Rule]:
    curve = readout.curve
    marks = find_landmarks(curve)
    rules = []
    for row in rows.to_dict("records"):
        layer = None if pd.isna(row["layer"]) else int(row["layer"])
        measured = None if marks is None else _measure(marks, curve, str(row["quantity"]), layer)
        rules.append(
            _rule(
                probe=readout.name,
                quantity=row["quantity"],
                kind=row["kind"],
                layer=layer,
                measured=measured,
                reference=row["value"],
                tolerance=row["tolerance"],
                tolerance_source=row["tolerance_source"],
                source=row["source"],
            )
        )
    return rules


def _measure(marks: Landmarks, curve: Curve, quantity: str, layer: int | None) -> float | None:
    if quantity == "onset":
        return None if marks.onset is None else float(marks.onset)
    if quantity == "jump":
        value = marks.jump.estimate
    elif quantity in ("at", "plateau"):
        there = float(curve.mean[layer]) if layer is not None else float("nan")
        value = there if quantity == "at" else marks.peak - there
    else:
        value = float(getattr(marks, quantity))
    return value if np.isfinite(value) else None


def _overall_rules(by_probe: list[list[Rule]]) -> list[Rule]:
    """Rules on the means over probes, for quantities that every probe has measured."""
    rules = []
    for quantity in _OVERALL_QUANTITIES:
        found = [rule for rules_ in by_probe for rule in rules_ if rule.quantity == quantity]
        measured = [rule.measured for rule in found if rule.measured is not None]
        if not found or len(measured) < len(by_probe):
            continue
        rules.append(
            _rule(
                probe=OVERALL,
                quantity=quantity,
                kind="overall",
                layer=None,
                measured=float(np.mean(measured)),
                reference=float(np.mean([rule.reference for rule in found])),
                tolerance=float(np.mean([rule.tolerance for rule in found])),
                tolerance_source="mean of the rows above",
                source="mean of the rows above",
            )
        )
    return rules


def _rule(
    probe: str,
    quantity: str,
    kind: Literal["key", "shape", "overall"],
    layer: int | None,
    measured: float | None,
    reference: float,
    tolerance: float,
    tolerance_source: str,
    source: str,
) -> Rule:
    passed = measured is not None and abs(measured - reference) <= tolerance + _ROUNDING
    return Rule(
        probe=probe,
        quantity=quantity,
        kind=kind,
        layer=layer,
        measured=measured,
        reference=reference,
        tolerance=tolerance,
        tolerance_source=tolerance_source,
        passed=passed,
        source=source,
    )
