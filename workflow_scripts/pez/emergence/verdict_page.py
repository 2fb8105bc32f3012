"""The verdict of a figure as a page for people (Markdown) and a file for machines (JSON)."""

from collections.abc import Sequence
from pathlib import Path

from pez.emergence.figure_verdict import FigureVerdict, ModelVerdict
from pez.emergence.observations import Observation
from pez.emergence.quality import Comparison, Rule
from pez.emergence.shortcut import CEILING, SIGNATURE_TOLERANCE, Confusion
from pez.emergence.visibility import visibility_lines
from pez.runtime.pages import write_with_json

_LEGEND = (
    "Quantities are scores of the probe (R2 or an accuracy), onset is a layer; "
    "`resources/reference/README.md` defines them and explains the tolerances."
)
_SHORTCUT_LEGEND = (
    "The four movies of a scene are spliced from the same frames, so a linear probe of features "
    f"that add over time calls at most {100 * CEILING:.0f} % of them right, and needs no physics "
    "for that. The signature of this shortcut: about half of the possible movies right, and about "
    f"all of the impossible ones (within {100 * SIGNATURE_TOLERANCE:.0f} points each). Ceiling: "
    f"clip accuracy against {100 * CEILING:.0f} %, within or beyond 1 s.d. over folds. Counts are "
    "out-of-fold predictions summed over folds; best: the layer with the highest clip accuracy on "
    "all movies, of the same recipe."
)


def write_verdict(verdict: FigureVerdict, markdown: Path, json: Path) -> None:
    """Write ``verdict`` to the two files."""
    write_with_json(markdown, to_markdown(verdict), json, verdict)


def to_markdown(verdict: FigureVerdict) -> str:
    """``verdict`` as a Markdown page."""
    counts = ", ".join(f"{count} {name}" for name, count in verdict.clips.datasets.items())
    lines = [
        f"# Verdict: {verdict.figure}",
        "",
        f"Clips: {counts} ({verdict.clips.origin}).",
    ]
    for line in visibility_lines(verdict.clips.out_of_view, verdict.recipes):
        lines += ["", line]
    for model in verdict.models:
        lines += ["", *_model_lines(model)]
    return "\n".join([*lines, ""])


def _model_lines(model: ModelVerdict) -> list[str]:
    level = _level(model.comparisons[0]) if model.comparisons else model.level
    lines = [f"## {model.model}: {level}", "", f"Weights: {model.weights}."]
    if model.reasons:
        lines += ["", f"Nothing is compared with reference numbers: {'; '.join(model.reasons)}."]
    for comparison in model.comparisons:
        lines += ["", *_comparison_lines(comparison)]
    if model.comparisons:
        lines += ["", _LEGEND]
    lines += ["", "### Observations that need no reference", ""]
    lines += _observation_lines(model.observations)
    if model.confusions:
        lines += ["", *_shortcut_lines(model.confusions)]
    return lines


def _observation_lines(observations: Sequence[Observation]) -> list[str]:
    """Observations, protocol by protocol; what holds for all of them first."""
    lines = [f"- {seen.probe}: {seen.text}" for seen in observations if not seen.protocol]
    groups = dict.fromkeys((seen.protocol, seen.selection) for seen in observations)
    for protocol, selection in (group for group in groups if group[0]):
        lines += ["", f"#### {protocol.capitalize()} protocol, {selection} selection", ""]
        lines += [
            f"- {seen.probe}: {seen.text}"
            for seen in observations
            if (seen.protocol, seen.selection) == (protocol, selection)
        ]
    return lines


def _level(comparison: Comparison) -> str:
    """The level, never without a hint at what weakens it."""
    return f"{comparison.level}, with caution" if comparison.caveats else comparison.level


def _comparison_lines(comparison: Comparison) -> list[str]:
    lines = [f"### Against the {comparison.reference}: {_level(comparison)}", ""]
    lines += [
        f"- {curve} is not compared, its recipe is another one: {'; '.join(fields)}."
        for curve, fields in comparison.not_compared.items()
    ]
    if not comparison.rules:
        return [*lines, "Nothing is compared."]
    passed = sum(rule.passed for rule in comparison.rules)
    lines += [
        "",
        f"{passed} of {len(comparison.rules)} rules pass; probes that pass all of theirs: "
        f"{'; '.join(comparison.matching_probes) or 'none'}.",
    ]
    lines += [f"Caution: {caveat}." for caveat in comparison.caveats]
    lines += [
        "",
        "| probe | quantity | layer | measured | reference | tolerance | | source "
        "| tolerance from |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    return lines + [_rule_line(rule) for rule in comparison.rules]


def _rule_line(rule: Rule) -> str:
    form = "{:.0f}" if rule.quantity == "onset" else "{:.3f}"
    measured = "none" if rule.measured is None else form.format(rule.measured)
    layer = "" if rule.layer is None else str(rule.layer)
    reference, tolerance = form.format(rule.reference), form.format(rule.tolerance)
    mark = "pass" if rule.passed else "**fail**"
    return (
        f"| {rule.probe} | {rule.quantity} ({rule.kind}) | {layer} | {measured} "
        f"| {reference} | {tolerance} | {mark} | {rule.source} "
        f"| {rule.tolerance_source} |"
    )


def _shortcut_lines(found: Sequence[Confusion]) -> list[str]:
    return [
        "### Confusion matrix and shortcut signature",
        "",
        _SHORTCUT_LEGEND,
        "",
        "| probe | subset | layer | selection | clip accuracy | possible called possible "
        "| impossible called impossible | ceiling | shortcut signature |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_confusion_line(confusion) for confusion in found),
        "",
        *(f"- {_in_words(confusion)}" for confusion in found if confusion.subset == "all"),
    ]


def _confusion_line(found: Confusion) -> str:
    possible = found.possible_called_possible + found.possible_called_impossible
    impossible = found.impossible_called_impossible + found.impossible_called_possible
    return (
        f"| {found.probe}, {found.protocol} | {found.subset} | {found.layer} ({found.role}) "
        f"| {found.selection} "
        f"| {_share(found.clip_accuracy)}{_spread(found.spread)} "
        f"| {found.possible_called_possible} of {possible} ({_share(found.possible_recall)}) "
        f"| {found.impossible_called_impossible} of {impossible} "
        f"({_share(found.impossible_recall)}) "
        f"| {found.ceiling or 'none'} | {'**yes**' if found.has_signature else 'no'} |"
    )


def _in_words(found: Confusion) -> str:
    if found.ceiling == "above":
        reading = "above the ceiling: the shortcut alone does not explain it"
    elif found.has_signature:
        reading = "the shortcut's signature, at or below its ceiling: no physics is needed for it"
    else:
        reading = "at or below the ceiling, without the shortcut's signature"
    return (
        f"{found.probe}, {found.protocol} protocol, layer {found.layer} ({found.role}), "
        f"{found.selection} selection, all: {reading}"
    )


def _share(value: float | None) -> str:
    return "none" if value is None else f"{100 * value:.1f} %"


def _spread(value: float | None) -> str:
    return "" if value is None else f" ± {100 * value:.1f}"
