"""What is said of a figure: observations on every model, and its level against references."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field

from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.observations import Observation
from pez.emergence.quality import Comparison, Level, compare, why_not_comparable
from pez.emergence.readout import ALL, Readout
from pez.emergence.reference import References
from pez.emergence.selections import observe_readout
from pez.emergence.shortcut import Confusion
from pez.recipes.recipe import Recipe
from pez.runtime.schema import Schema


@dataclass(frozen=True)
class Evidence:
    """What is known of one model.

    Attributes:
        readouts: its curves; those on all clips are compared with the references.
        confusions: confusion matrices of a plausibility probe.
        remarks: observations that follow from more than the curves.
    """

    readouts: Sequence[Readout]
    confusions: tuple[Confusion, ...] = ()
    remarks: tuple[Observation, ...] = ()


class ModelVerdict(Schema):
    """Verdict on one model of a figure."""

    model: str
    weights: str
    level: Level = Field(description="against the third-party table; see pez.emergence.quality")
    reasons: tuple[str, ...] = Field(description="why nothing is compared; empty if it is")
    comparisons: tuple[Comparison, ...] = Field(description="third-party table first")
    observations: tuple[Observation, ...] = Field(description="need no reference")
    confusions: tuple[Confusion, ...] = Field((), description="of a plausibility probe")


class FigureVerdict(Schema):
    """Content of ``{figure}_verdict.json``."""

    schema_version: int = Field(default=2, description="raised when a field changes its meaning")
    figure: str
    clips: ClipsFacts
    recipes: dict[str, dict[str, str]] = Field(description="every choice of every recipe shown")
    models: tuple[ModelVerdict, ...]


def judge(
    figure: str,
    evidence: Mapping[str, Evidence],
    recipes: Sequence[Recipe],
    models: Mapping[str, ModelFacts],
    clips: ClipsFacts,
    references: References,
) -> FigureVerdict:
    """Verdict on ``figure``: one `ModelVerdict` per model of ``evidence``.

    Args:
        figure: its name.
        evidence: what is known of every model shown.
        recipes: those shown.
        models: facts of every model.
        clips: the clips in use.
        references: the reference tables.
    """
    verdicts = tuple(
        _judge_model(model, known, models[model], clips, references)
        for model, known in evidence.items()
    )
    known = {recipe.name: recipe.fields() for recipe in recipes}
    return FigureVerdict(figure=figure, clips=clips, recipes=known, models=verdicts)


def _judge_model(
    model: str, known: Evidence, facts: ModelFacts, clips: ClipsFacts, references: References
) -> ModelVerdict:
    compared = [readout for readout in known.readouts if readout.subset == ALL]
    level, reasons = why_not_comparable(compared, model, facts, clips, references)
    comparisons: tuple[Comparison, ...] = ()
    if level is None:
        comparisons = compare(model, compared, clips, references)
        level = comparisons[0].level
    observations = (seen for readout in known.readouts for seen in observe_readout(readout))
    return ModelVerdict(
        model=model,
        weights=facts.weights,
        level=level,
        reasons=reasons,
        comparisons=comparisons,
        observations=(*observations, *known.remarks),
        confusions=known.confusions,
    )
