"""What is drawn and said of a measurement inside networks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import Field

from pez.emergence.facts import ModelFacts
from pez.inside.head_statistics import Interval
from pez.inside.spec import InsideSpec
from pez.runtime.pages import write_with_json
from pez.runtime.schema import Schema

Answer = Literal["yes", "no", "undecided"]
_PUBLISHED = "checkpoint"


@dataclass(frozen=True)
class Facts:
    """What is to be known beside the tables.

    Attributes:
        figure: name of the figure.
        picture: which picture of the measurement it is.
        models: facts of every model.
        origin: where the frames come from, in words.
    """

    figure: str
    picture: str
    models: Mapping[str, ModelFacts]
    origin: str


class Number(Schema):
    """One number of a verdict."""

    name: str
    value: float
    low: float | None = Field(None, description="see brackets of the verdict")
    high: float | None = None
    unit: str = ""


def number_of(name: str, found: Interval, unit: str = "") -> Number:
    """A number with its interval."""
    return Number(name=name, value=found.value, low=found.low, high=found.high, unit=unit)


class ModelVerdict(Schema):
    """What is said of one model."""

    model: str
    weights: str
    reproduction: bool = Field(description="whether these are weights that the paper looks into")
    question: str
    answer: Answer
    reason: str
    statements: tuple[str, ...]
    numbers: tuple[Number, ...]


class InsideVerdict(Schema):
    """Content of ``{figure}_verdict.json`` of a measurement inside networks."""

    schema_version: int = Field(default=1, description="raised when a field changes its meaning")
    figure: str
    kind: str
    clips: str
    brackets: str = Field("90 % interval over conditions", description="what low and high are")
    models: tuple[ModelVerdict, ...]


@dataclass(frozen=True)
class Judged:
    """A picture's numbers, and the verdict on them.

    Attributes:
        series: what is drawn.
        verdict: what is said.
    """

    series: pd.DataFrame
    verdict: InsideVerdict


def clips_in_words(spec: InsideSpec, count: int, origin: str) -> str:
    """Which ``count`` clips ``spec`` looks at."""
    if spec.clip_groups != "condition":  # all that there are
        return f"{count} of {spec.dataset} ({origin})"
    each = "the first" if spec.clips_per_condition == 1 else f"up to {spec.clips_per_condition}"
    return f"{count} of {spec.dataset}, {each} of every direction and magnitude ({origin})"


def said_of(
    model: str,
    facts: ModelFacts,
    *,
    question: str,
    answer: Answer,
    reason: str,
    statements: Iterable[str],
    numbers: Iterable[Number],
) -> ModelVerdict:
    """What is said of ``model``: only published weights may be read as the paper's."""
    return ModelVerdict(
        model=model,
        weights=facts.weights,
        reproduction=facts.source == _PUBLISHED,
        question=question,
        answer=answer,
        reason=reason,
        statements=tuple(statements),
        numbers=tuple(numbers),
    )


def write_verdict(verdict: InsideVerdict, markdown: Path, json: Path) -> None:
    """Write ``verdict`` as a page and as JSON."""
    write_with_json(markdown, to_markdown(verdict), json, verdict)


def to_markdown(verdict: InsideVerdict) -> str:
    """``verdict`` as a Markdown page."""
    lines = [
        f"# Verdict: {verdict.figure}",
        "",
        f"Clips: {verdict.clips}. In brackets: {verdict.brackets}.",
    ]
    for model in verdict.models:
        lines += ["", f"## {model.model}: {model.answer}", "", f"Weights: {model.weights}."]
        if not model.reproduction:
            lines += ["", "Not a reproduction of the paper's figure: the weights are others."]
        lines += ["", f"{model.question} **{model.answer.capitalize()}**: {model.reason}", ""]
        lines += [f"- {statement}" for statement in model.statements]
    return "\n".join([*lines, ""])
