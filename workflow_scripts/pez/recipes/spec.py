"""Configuration of the probes: what is read out, from which features, and how it is judged."""

import logging
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, TypeAdapter, model_validator

from pez.features.spec import VIEWS_OF_POOLING, Capture, Pooling
from pez.recipes.columns import (
    CategoryTarget,
    ColumnChoice,
    ColumnGrouping,
    NumberTarget,
    kind_of_target,
    names_column,
)
from pez.runtime.schema import Schema

log = logging.getLogger(__name__)

TargetName = Literal[
    "speed",
    "direction_angle",
    "direction_sincos",
    "direction_vxy",
    "acceleration",
    "velocity_xy",
    "velocity_x",
    "velocity_y",
    "acceleration_xy",
    "acceleration_x",
    "acceleration_y",
    "plausibility",
]
GroupingName = Literal[
    "start_index",
    "condition",
    "video",
    "direction",
    "magnitude",
    "pixel_region",
    "spatial_sector",
    "spatial_cluster",
    "direction_spatial_sector",
    "magnitude_spatial_sector",
    "scene",
]
RENAMED_GROUPINGS = {"position": "start_index"}


def _current_name(grouping: object) -> object:
    """Take a grouping by its earlier name too, and say what it is called now and why.

    Starts are drawn anew for every direction and magnitude, so that clips of the same start index
    share no position: groups of them are a random split, stratified by condition.
    """
    if not isinstance(grouping, str) or grouping not in RENAMED_GROUPINGS:
        return grouping
    current = RENAMED_GROUPINGS[grouping]
    log.warning(
        "grouping %r is called %r now: clips of one start index share no position, so that these "
        "folds are a random split, stratified by condition",
        grouping,
        current,
    )
    return current


# A target or grouping is a name, or columns of the labels: {column: speed_m_s}.
Target = Annotated[
    Annotated[TargetName, Tag("name")]
    | Annotated[NumberTarget, Tag("number")]
    | Annotated[CategoryTarget, Tag("category")],
    Discriminator(kind_of_target),
]
ConfiguredTarget = Annotated[
    Annotated[TargetName, Tag("name")] | Annotated[ColumnChoice, Tag("column")],
    Discriminator(names_column),
]
Grouping = Annotated[
    Annotated[GroupingName, BeforeValidator(_current_name), Tag("name")]
    | Annotated[ColumnGrouping, Tag("column")],
    Discriminator(names_column),
]
UNION_TAGS = frozenset({"name", "column", "number", "category"})
PixelRegions = Literal["central_square", "nearest_point"]
Axis = Literal["world", "image"]
Plausibility = Literal["impossible", "possible"]
Normalisation = Literal["none", "center", "zscore"]
Selection = Literal["validation", "nested"]
Clips = Literal["all", "in_view"]
SelectionMetric = Literal["relative_accuracy", "clip_accuracy", "loss"]
Positive = Annotated[float, Field(gt=0)]


class GradientSolver(Schema):
    """Full-batch gradient descent on f(h) = Wh + b with a grid of hyper-parameters."""

    method: Literal["adamw", "adam_l2"] = Field(
        description="decoupled weight decay, or L2 coupled into Adam's gradient (bias included)"
    )
    steps: int = Field(ge=1, le=100_000)
    patience: int = Field(ge=1, description="steps without a better held-out loss before stopping")
    learning_rates: tuple[Positive, ...] = Field(min_length=1)
    weight_decays: tuple[Annotated[float, Field(ge=0)], ...] = Field(min_length=1)
    start: Literal["zero", "pytorch"] = Field(
        "zero",
        description="first weights: zero, or those of a fresh torch.nn.Linear, with a trained bias",
    )
    start_seed: int = Field(
        42, ge=0, description="of start pytorch: the same weights for every layer, fold and setting"
    )
    stopped_by: Literal["loss", "clip_accuracy"] = Field(
        "loss", description="held-out score that patience waits on; clip_accuracy: plausibility"
    )


class RidgeSolver(Schema):
    """Closed-form ridge regression with a grid of penalties; the intercept is not penalised."""

    method: Literal["ridge"]
    alphas: tuple[Positive, ...] = Field(min_length=1)


class AttentiveSolver(Schema):
    """AdamW on V-JEPA 2's attentive classifier: depth - 1 self-attention blocks, one query."""

    method: Literal["attentive"]
    depth: int = Field(4, ge=1, description="self-attention blocks, and the cross-attention block")
    heads: int = Field(16, ge=1)
    learning_rate: Positive = 1e-3
    weight_decay: float = Field(0.01, ge=0)
    batch_size: int = Field(16, ge=1, description="clips in one step")
    epochs: int = Field(20, ge=1)
    patience: int = Field(5, ge=1, description="epochs without a better held-out score")
    seed: int = Field(0, ge=0, description="initialisation and order of the clips")


AnySolver = GradientSolver | RidgeSolver | AttentiveSolver
Solver = Annotated[AnySolver, Field(discriminator="method")]


class ProbeSpec(Schema):
    """One probe: a target read from every layer of an encoder under grouped cross-validation."""

    dataset: str
    target: Target
    capture: Capture
    pooling: Pooling
    grouping: Grouping
    normalisation: Normalisation
    solver: str = Field(description="a name under solvers")
    folds: int = Field(5, ge=2)
    selections: tuple[Selection, ...] = Field(("validation", "nested"), min_length=1)
    seed: int = Field(42, ge=0, description="k-means of the grouping spatial_cluster")
    labels_seed: int | None = Field(
        None, ge=0, description="control: labels are dealt out at random, drawn with this seed"
    )
    fold_seed: int | None = Field(
        None, ge=0, description="shuffles the groups before they are dealt into folds; null: not"
    )
    sector_start_deg: float = Field(
        0.0,
        ge=-360,
        le=360,
        description="edge at which the first of five angular sectors of the start position begins, "
        "degrees in the image, y down",
    )
    pixel_regions: PixelRegions = Field(
        "central_square",
        description="grouping pixel_region: a central square and four quadrants, or the nearest of "
        "the image's centre and the centres of its quadrants",
    )
    kmeans_restarts: int = Field(10, ge=1, description="k-means of the grouping spatial_cluster")
    angle_axis: Axis = Field(
        "world", description="target direction_angle: y up in the world, or down in the image"
    )
    angle_cut_deg: float = Field(
        0.0,
        ge=-360,
        le=360,
        description="target direction_angle: angles lie in [cut, cut + 360) degrees of that axis",
    )
    patch_map: Literal["flattened", "shared"] = Field(
        "flattened",
        description="patch poolings: one map of all patches' features, or one map of a patch's "
        "features that all patches share, its predictions averaged over the clip",
    )

    @model_validator(mode="after")
    def _shared_maps_have_patches(self) -> "ProbeSpec":
        if self.patch_map == "shared" and not self.pooling.endswith("patch"):
            poolings = ", ".join(name for name in VIEWS_OF_POOLING if name.endswith("patch"))
            raise ValueError(
                f"patch_map shared needs a pooling that keeps patches ({poolings}), and pooling is "
                f"{self.pooling}"
            )
        return self

    @model_validator(mode="after")
    def _classes_have_maps_of_their_own(self) -> "ProbeSpec":
        if self.patch_map == "shared" and isinstance(self.target, CategoryTarget):
            raise ValueError(
                "patch_map shared is for targets with a squared error, and classes have a "
                "cross-entropy: use flattened"
            )
        return self

    clips: Clips = Field(
        "all", description="in_view: leave out clips whose ball is out of the picture in some frame"
    )


class PlausibilityProbeSpec(ProbeSpec):
    """A probe that tells possible movies from impossible ones."""

    target: Literal["plausibility"]
    grouping: Literal["scene"] = "scene"
    clips: Literal["all"] = "all"
    selected_by: SelectionMetric = Field(
        "relative_accuracy", description="what picks among the solver's configurations"
    )
    half_counts_as: Plausibility = Field(
        "impossible", description="what a movie with a probability of exactly .5 is called"
    )

    @model_validator(mode="after")
    def _maps_are_not_shared(self) -> "PlausibilityProbeSpec":
        if self.patch_map == "shared":
            raise ValueError(
                "patch_map shared is for targets with a squared error, and plausibility has a "
                "cross-entropy: use flattened"
            )
        return self


def _kind_of_probe(values: Mapping[str, object] | ProbeSpec) -> str:
    target = values.target if isinstance(values, ProbeSpec) else dict(values).get("target")
    return "plausibility" if target == "plausibility" else "motion"


AnyProbeSpec = Annotated[
    Annotated[ProbeSpec, Tag("motion")] | Annotated[PlausibilityProbeSpec, Tag("plausibility")],
    Discriminator(_kind_of_probe),
]


_SOLVERS: TypeAdapter[AnySolver] = TypeAdapter(Solver)
_PROBES: TypeAdapter[ProbeSpec] = TypeAdapter(AnyProbeSpec)


def read_solver(values: Mapping[str, object]) -> AnySolver:
    """Return the solver that ``values``, an entry under ``solvers``, describes."""
    return _SOLVERS.validate_python(values)


def read_probe(values: Mapping[str, object]) -> ProbeSpec:
    """Return the probe that ``values``, an entry under ``probes``, describes."""
    return _PROBES.validate_python(values)
