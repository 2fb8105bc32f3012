"""The ledger as a Markdown page; every sentence says what a number says."""

from collections.abc import Sequence
from pathlib import Path

from pez.audit.ledger import (
    AcrossCells,
    ClaimEntry,
    Interval,
    JointTest,
    Ledger,
    ModelEntry,
    PrimaryEstimate,
    Share,
    verdict_counts,
)
from pez.audit.shares import OUTCOMES
from pez.runtime.pages import write_with_json

_LEGEND = (
    "`yes` needs an interval that meets the claim and, where the claim has a p, a p below .05 "
    "after Holm's adjustment; `undecided` is no `no`. False positives and detections: share of "
    "`yes` on planted networks for which the claim is false and true."
)
_TOLD_SHARES = 3  # largest choices that a sentence names
_LEVEL = 0.05
_SMALLEST_TOLD = 0.01


def write_ledger(ledger: Ledger, markdown: Path, json: Path) -> None:
    """Write ``ledger`` as a page for people and a file for machines."""
    write_with_json(markdown, to_markdown(ledger), json, ledger)


def to_markdown(ledger: Ledger) -> str:
    """``ledger`` as a Markdown page: one table of verdicts, then every model."""
    lines = ["# Ledger of claims", "", *_verdict_table(ledger), "", _LEGEND]
    for name, model in ledger.models.items():
        lines += ["", *_model_lines(name, model)]
    return "\n".join([*lines, ""])


def _verdict_table(ledger: Ledger) -> list[str]:
    """Rows of claims, columns of models."""
    statements: dict[str, str] = {}
    for model in ledger.models.values():
        for claim in model.claims:
            statements.setdefault(claim.id, claim.statement)
    names = list(ledger.models)
    lines = [
        "| claim | " + " | ".join(_cell(name) for name in names) + " |",
        "|---|" + "---|" * len(names),
    ]
    for claim_id in sorted(statements, key=lambda text: int(text[1:])):
        found = [
            next((c.verdict for c in ledger.models[name].claims if c.id == claim_id), "not judged")
            for name in names
        ]
        verdicts = " | ".join(f"**{text}**" if text == "yes" else text for text in found)
        lines.append(f"| {claim_id} {_cell(statements[claim_id])} | {verdicts} |")
    return lines


def _model_lines(name: str, model: ModelEntry) -> list[str]:
    counts = verdict_counts(model.claims)
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    choices = ", ".join(f"{field} {value}" for field, value in model.primary.items())
    lines = [
        f"## {name}",
        "",
        f"Weights: {model.weights}; {model.blocks} blocks. Clips: {model.clips}. "
        f"{_count(len(model.claims), 'claim')} in the primary cell: {told}. "
        f"{_count(model.cells, 'cell')} in all; {_seeds(model.untrained_seeds)}.",
        "",
        f"Primary cell: {choices}.",
        "",
        "| claim | value | 90 % interval | compared with | p | Holm p | verdict "
        "| false positives | detections | why |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(_claim_row(claim) for claim in model.claims),
    ]
    if model.estimands:
        lines += ["", "### Curves of the primary cell", "", *_estimand_table(model.estimands)]
    if model.across_cells:
        lines += ["", "### In every cell", ""]
        lines += [f"- {_across_in_words(found)}" for found in model.across_cells]
    if model.joint:
        lines += ["", "### All cells at once, against untrained networks", ""]
        lines += _joint_table(model.joint)
    if model.shares:
        lines += ["", "### What decides the answer", ""]
        lines += [f"- {sentence}" for sentence in shares_in_words(model.shares)]
    if model.optimism:
        lines += ["", "### Optimism of picking settings on the reported fold", ""]
        lines += ["| variable | solver | clips | validation - nested | by luck alone |",
                  "|---|---|---|---|---|"]  # fmt: skip
        lines += [
            f"| {_cell(o.variable)} | {_cell(o.solver)} | {_cell(o.clips)} | {_signed(o.mean)} "
            f"| {_number(o.expected)} |"
            for o in model.optimism
        ]
    return lines


_SHOWN = {  # columns of the table of estimands
    "first": "state 0",
    "peak": "peak",
    "half_rise": "half-rise",
    "threshold": "80 % of the peak",
    "step": "step",
    "sharpness": "sharpness",
    "logistic_width": "10 to 90 %",
    "gain_onset": "gain over untrained",
    "late_decline": "late decline",
}
_SHAPES = ("step", "ramp", "logistic")


def _estimand_table(found: Sequence[PrimaryEstimate]) -> list[str]:
    """Rows of variables; scores and states with intervals, and the shape that predicts best."""
    by_variable: dict[str, dict[str, PrimaryEstimate]] = {}
    for one in found:
        by_variable.setdefault(one.variable, {})[one.estimand] = one
    lines = [
        "| variable | " + " | ".join(_SHOWN.values()) + " | best shape |",
        "|---" * (len(_SHOWN) + 2) + "|",
    ]
    for variable, known in by_variable.items():
        cells = [_estimate(known.get(name)) for name in _SHOWN]
        errors = {
            shape: error.value
            for shape in _SHAPES
            if (error := known.get(f"{shape}_error")) and error.value is not None
        }
        best = min(errors, key=errors.__getitem__) if errors else "-"
        lines.append("| " + " | ".join([_cell(variable), *cells, best]) + " |")
    told = "Onsets are states; `none`: there is no onset. Best shape: the one that errs least at "
    return [*lines, "", told + "states that its fit has not seen."]


def _estimate(one: PrimaryEstimate | None) -> str:
    if one is None:
        return "-"
    if one.value is None:
        return "none"
    return f"{_number(one.value)} {_interval((one.low, one.high))}"


def _claim_row(claim: ClaimEntry) -> str:
    rates = claim.calibration
    positive = _share(rates.false_positive_rate) if rates else "not run"
    detected = _share(rates.detection_rate) if rates else "not run"
    cells = (
        f"{claim.id} {claim.statement.rstrip('.')} ({claim.estimand})", _number(claim.value),
        _interval(claim.interval),
        _null_in_words(claim) or "nothing", _p(claim.p), _p(claim.holm_p), claim.verdict,
        positive, detected, claim.reason,
    )  # fmt: skip
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _null_in_words(claim: ClaimEntry) -> str:
    """What the value is held against: the description, then the numbers by name."""
    numbers = ", ".join(
        f"{name.replace('_', ' ')} {_number(value) if isinstance(value, float) else value}"
        for name, value in claim.null.items()
        if name != "description"
    )
    described = str(claim.null.get("description") or "")
    return f"{described} ({numbers})" if described and numbers else described or numbers


def _across_in_words(found: AcrossCells) -> str:
    sentence = f"{found.claim}: median {_number(found.median)}"
    if found.low is not None and found.high is not None:
        sentence += f" (5 to 95 % of cells: {_number(found.low)} to {_number(found.high)})"
    if found.share is not None:
        sentence += f"; its sign is met in {_share(found.share)} of {_count(found.cells, 'cell')}"
    if found.without:
        sentence += f"; {_count(found.without, 'cell')} of {found.cells} without a value"
    if found.untrained_median is not None:
        sentence += f"; median of untrained networks {_number(found.untrained_median)}"
    ranks = [
        f"p of the {of} {_p(p)}"
        for of, p in (("median", found.p), ("share", found.share_p))
        if p is not None
    ]
    if ranks and found.smallest_p is not None:
        sentence += f"; {', '.join(ranks)} (the smallest possible: {_p(found.smallest_p)})"
    return sentence + "."


def _joint_table(joint: Sequence[JointTest]) -> list[str]:
    lines = [
        "| variable | statistic over cells | trained | untrained networks | as extreme | p |",
        "|---|---|---|---|---|---|",
    ]
    for found in joint:
        low, middle, high = (
            _number(value)
            for value in (found.untrained_low, found.untrained_median, found.untrained_high)
        )
        among = f"{middle} ({low} to {high})" if found.seeds else "none"
        lines.append(
            f"| {_cell(found.variable)} | {_cell(found.statistic)} | {_number(found.trained)} "
            f"| {among} | {found.at_least} of {found.seeds} | {_p(found.p)} |"
        )
    smallest = max((found.smallest_p or 1.0 for found in joint), default=1.0)
    if smallest > _LEVEL:
        seeds = min(found.seeds for found in joint)
        lines += [
            "",
            f"With {_count(seeds, 'untrained network')} no p can be below {_p(smallest)}; "
            f"{round(1 / _LEVEL) - 1} would allow {_p(_LEVEL)}.",
        ]
    lines += ["", "A median onset above 1: most cells have none."]
    return lines


def shares_in_words(shares: Sequence[Share]) -> list[str]:
    """One sentence for every variable and outcome: the largest choices, and what is no one's."""
    sentences = []
    for variable, outcome in dict.fromkeys((s.variable, s.outcome) for s in shares):
        part = [s for s in shares if (s.variable, s.outcome) == (variable, outcome)]
        what = f"{variable}, {OUTCOMES.get(outcome, outcome)}"
        known = [(s.share, s) for s in part if s.share is not None]
        if not known:
            sentences.append(f"{what}: the same in all cells.")
            continue
        single = [pair for pair in known if pair[1].order in ("first", "shapley")]
        single.sort(key=lambda pair: -pair[0])
        large = [(x, s) for x, s in single[:_TOLD_SHARES] if x >= _SMALLEST_TOLD]
        told = ", ".join(f"{s.factor} {_share(x)}" for x, s in large) or "no single choice 1 %"
        sentence = f"{what}: {told} of the variance"
        if part[0].method == "anova":
            together = 1 - sum(x for x, _ in single)
            sentence += f"; combinations of choices {_share(max(together, 0.0))}"
            pairs = sorted(((x, s) for x, s in known if s.order == "pair"), key=lambda p: -p[0])
            if pairs and pairs[0][0] > 0:
                x, s = pairs[0]
                which = "most of them" if x > together / 2 else "the largest"
                sentence += f", {which} {s.factor} with {s.other} ({_share(x)})"
        note = f"; {part[0].note}" if part[0].note else ""
        method = "" if part[0].method == "anova" else ", Shapley shares"
        sentences.append(f"{sentence} ({part[0].cells} of {part[0].of} cells{method}{note}).")
    return sentences


def _seeds(number: int) -> str:
    if number == 0:
        return "no untrained network"
    return _count(number, "untrained network")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g}"


def _signed(value: float) -> str:
    return f"{value:+.3f}"


def _interval(interval: Interval | None) -> str:
    if interval is None:
        return "none"
    low, high = ("open" if end is None else f"{end:.3g}" for end in interval)
    return f"[{low}, {high}]"


def _share(value: float | None) -> str:
    return "none" if value is None else f"{100 * value:.0f} %"


def _p(value: float | None) -> str:
    if value is None:
        return "none"
    return "< .001" if value < 0.001 else f"{value:.3f}".lstrip("0")


def _cell(text: str) -> str:
    """``text`` as it may stand in a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")
