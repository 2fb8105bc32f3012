"""The verdict of a figure as a page for people (Markdown) and a file for machines (JSON)."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from pez.emergence.curves import Curve
from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.observations import Observation, observe
from pez.emergence.reference import References
from pez.emergence.verdict import Comparison, Level, Rule, compare, why_not_comparable
from pez.probes.spec import ProbeSpec
from pez.runtime.atomic import atomic_path
from pez.runtime.schema import Schema

_LEGEND = (
    "Quantities are R2, onset is a layer; `resources/reference/README.md` defines them and says "
    "where the tolerances come from."
)
# Curves by model, probe and selection.
Curves = Mapping[str, Mapping[str, Mapping[str, Curve]]]


class ModelVerdict(Schema):
    """Verdict on one model of a figure."""

    model: str
    weights: str
    level: Level = Field(description="against the third-party table; see pez.emergence.verdict")
    reasons: tuple[str, ...] = Field(description="why nothing is compared; empty if it is")
    comparisons: tuple[Comparison, ...] = Field(description="third-party table first")
    observations: tuple[Observation, ...] = Field(description="need no reference")


class FigureVerdict(Schema):
    """Content of ``{figure}_verdict.json``."""

    schema_version: int = Field(default=1, description="raised when a field changes its meaning")
    figure: str
    clips: ClipsFacts
    probes: dict[str, ProbeSpec] = Field(description="recipe of every probe shown")
    models: tuple[ModelVerdict, ...]


def judge(
    figure: str,
    curves: Curves,
    controls: Curves,
    probes: Mapping[str, ProbeSpec],
    models: Mapping[str, ModelFacts],
    clips: ClipsFacts,
    references: References,
) -> FigureVerdict:
    """Verdict on ``figure``: one `ModelVerdict` per model of ``curves``.

    Args:
        figure: its name.
        curves: curves of the models shown; every probe has the selection "validation".
        controls: curves of their untrained controls, under the names of the models shown.
        probes: recipe of every probe.
        models: facts of every model.
        clips: the clips in use.
        references: the reference tables.
    """
    verdicts = []
    for model, by_probe in curves.items():
        level, reasons = why_not_comparable(model, models[model], clips)
        comparisons: tuple[Comparison, ...] = ()
        if level is None:
            validation = {probe: found["validation"] for probe, found in by_probe.items()}
            comparisons = compare(validation, probes, references)
            level = comparisons[0].level
        observations = tuple(
            observation
            for probe, found in by_probe.items()
            for observation in observe(probe, found, controls[model][probe])
        )
        verdicts.append(
            ModelVerdict(
                model=model,
                weights=models[model].weights,
                level=level,
                reasons=reasons,
                comparisons=comparisons,
                observations=observations,
            )
        )
    return FigureVerdict(figure=figure, clips=clips, probes=dict(probes), models=tuple(verdicts))


def write_verdict(verdict: FigureVerdict, markdown: Path, json: Path) -> None:
    """Write ``verdict`` to the two files."""
    with atomic_path(markdown) as temporary:
        temporary.write_text(to_markdown(verdict), encoding="utf-8")
    with atomic_path(json) as temporary:
        temporary.write_text(verdict.model_dump_json(indent=2) + "\n", encoding="utf-8")


def to_markdown(verdict: FigureVerdict) -> str:
    """``verdict`` as a Markdown page."""
    counts = ", ".join(f"{count} {name}" for name, count in verdict.clips.datasets.items())
    lines = [
        f"# Verdict: {verdict.figure}",
        "",
        f"Clips: {counts}; rendered by {verdict.clips.renderer}, "
        f"{verdict.clips.samples} samples per pixel.",
    ]
    for model in verdict.models:
        lines += ["", f"## {model.model}: {model.level}", "", f"Weights: {model.weights}."]
        if model.reasons:
            lines += [
                "",
                f"Nothing is compared with reference numbers: {'; '.join(model.reasons)}.",
            ]
        for comparison in model.comparisons:
            lines += ["", *_comparison_lines(comparison)]
        if model.comparisons:
            lines += ["", _LEGEND]
        lines += ["", "### Observations that need no reference", ""]
        lines += [f"- {seen.probe}: {seen.text}" for seen in model.observations]
    return "\n".join([*lines, ""])


def _comparison_lines(comparison: Comparison) -> list[str]:
    passed = sum(rule.passed for rule in comparison.rules)
    lines = [
        f"### Against the {comparison.reference}: {comparison.level}",
        "",
        f"{passed} of {len(comparison.rules)} rules pass; probes that pass all of theirs: "
        f"{', '.join(comparison.matching_probes) or 'none'}.",
    ]
    if comparison.recipe_differences:
        lines.append(f"The recipe departs from it: {'; '.join(comparison.recipe_differences)}.")
    lines += [
        "",
        "| probe | quantity | layer | measured | reference | tolerance | | source |",
        "|---|---|---|---|---|---|---|---|",
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
        f"| {reference} | {tolerance} | {mark} | {rule.source} |"
    )
