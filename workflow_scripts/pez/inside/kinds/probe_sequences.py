"""Orthogonal probes, their subspaces, and steering (figures 22 to 24, table 3 of 2602.07050)."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pez.inside.spec import FeaturesSpec, Name
from pez.runtime.schema import Schema

Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Solver = Literal["adam", "ridge"]
Picture = Literal["probe_counts", "probe_scores", "subspace_overlap", "probe_steering"]
Rule = Literal["appendix", "caption"]


class AdamSpec(Schema):
    """Adam as the paper's appendix C.11 has it; it does not state the batch."""

    learning_rate: Positive = 1e-3
    weight_decay: float = Field(1e-4, ge=0, description="added to the gradient")
    batch_size: int = Field(64, ge=1)
    epochs: int = Field(50, ge=1, description="of speed and plausibility")
    epochs_direction: int = Field(100, ge=1)


class SteeringSpec(Schema):
    """Features moved until probes read another direction."""

    held_out: Share = Field(0.3, description="of the clips, which are steered")
    splits: int = Field(5, ge=1)
    numbers: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (1, 2, 3, 5, 10, 15, 20, 25), min_length=1, description="of probes, increasing"
    )

    @model_validator(mode="after")
    def _increase(self) -> "SteeringSpec":
        if list(self.numbers) != sorted(set(self.numbers)):
            raise ValueError(f"numbers = {list(self.numbers)}: each is to be larger than the last")
        return self


class Section(FeaturesSpec):
    """Probe, take what it reads out of the features, probe again."""

    kind: Literal["probe_sequences"]
    movies: Name | None = Field(
        None, description="dataset of possible and impossible movies, for plausibility"
    )
    solvers: tuple[Solver, ...] = Field(("adam", "ridge"), min_length=1)
    most: int = Field(96, ge=2, description="probes of a sequence")
    splits: int = Field(5, ge=1, description="draws of held-out conditions, at all states")
    many_splits: int = Field(20, ge=1, description="the same at the state of depth")
    control_splits: int = Field(2, ge=1, description="of shuffled labels and random removal")
    half_splits: int = Field(2, ge=1, description="draws of two halves of the clips")
    held_out: Share = Field(0.2, description="of the conditions, or scenes of movies")
    split_seed: int = Field(42, ge=0)
    depth: Annotated[float, Field(gt=0, le=1)] = Field(
        0.36, description="of the state that is looked at closely, as a share of all blocks"
    )
    adam: AdamSpec = AdamSpec()
    alphas: tuple[Positive, ...] = Field(
        (1e-1, 1.0, 1e1, 1e2, 1e3), min_length=1, description="penalties of ridge probes"
    )
    shrinkage: float = Field(
        0.1, ge=0, le=1, description="of the covariance that features are whitened by"
    )
    rule: Rule = Field(
        "appendix", description="at which score a sequence stops, whose subspace is compared"
    )
    haar: int = Field(1000, ge=100, description="random subspaces that one is compared with")
    steering: SteeringSpec = SteeringSpec()
    figures: Mapping[Name, Picture] = Field(
        {},
        description="pictures by the figure's name; probe_counts: number of probes by state; "
        "probe_scores: score by number of probes removed; subspace_overlap; "
        "probe_steering",
    )

    @model_validator(mode="after")
    def _reach(self) -> "Section":
        if self.many_splits < self.splits:
            raise ValueError(
                f"many_splits = {self.many_splits}: at least as many as splits = {self.splits}"
            )
        return self

    def read_from(self) -> tuple[str, ...]:
        """See `FeaturesSpec`."""
        return (self.dataset,) if self.movies is None else (self.dataset, self.movies)
