"""What is said of a figure: observations on every model, and its level against references."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field

from pez.emergence.facts import ClipsFacts
from pez.emergence.figure_evidence import FigureEvidence
from pez.emergence.observations import Observation
from pez.emergence.quality import Comparison, Level, compare, why_not_comparable
from pez.emergence.readout import Readout
from pez.emergence.reference import References
from pez.emergence.selections import observe_readout
from pez.emergence.shortcut import Confusion
from pez.evidence.schema import ALL
from pez.runtime.schema import Schema


@dataclass(frozen=True)
class Remarks:
    """What is said of a model beside its curves.

    Attributes:
        confusions: confusion matrices of a plausibility probe.
        observations: what follows from more than the curves.
    """

    confusions: tuple[Confusion, ...] = ()
    observations: tuple[Observation, ...] = ()


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
    evidence: FigureEvidence,
    readouts: Mapping[str, Sequence[Readout]],
    remarks: Mapping[str, Remarks],
    clips: ClipsFacts,
    references: References,
) -> FigureVerdict:
    """Verdict on a figure: one `ModelVerdict` per model.

    Args:
        evidence: what the figure shows.
        readouts: of every model; those on all clips are compared with the references.
        remarks: on every model, beside what its curves tell.
        clips: the clips in use.
        references: the reference tables.

    Raises:
        ArtifactError: a table lacks what is judged.
    """
    return FigureVerdict(
        figure=evidence.figure,
        clips=clips,
        recipes={recipe.name: recipe.fields() for recipe in evidence.recipes},
        models=tuple(
            _judge_model(evidence, model, own, remarks[model], clips, references)
            for model, own in readouts.items()
        ),
    )


def _judge_model(
    evidence: FigureEvidence,
    model: str,
    readouts: Sequence[Readout],
    remarks: Remarks,
    clips: ClipsFacts,
    references: References,
) -> ModelVerdict:
    facts = evidence.networks[model]
    compared = [readout for readout in readouts if readout.subset == ALL]
    level, reasons = why_not_comparable(compared, model, facts, clips, references)
    comparisons: tuple[Comparison, ...] = ()
    if level is None:
        comparisons = compare(model, compared, clips, references)
        level = comparisons[0].level
    observations = [seen for readout in readouts for seen in observe_readout(readout)]
    return ModelVerdict(
        model=model,
        weights=facts.weights,
        level=level,
        reasons=reasons,
        comparisons=comparisons,
        observations=(*observations, *remarks.observations),
        confusions=remarks.confusions,
    )
