"""Section ``audit`` of the configuration: the multiverse of protocols, and the one primary cell."""

from typing import Annotated, Literal

from pydantic import Field

from pez.audit.targets import AuditTarget
from pez.controls.spec import SeededControls, Seeds
from pez.recipes.spec import GroupingName
from pez.runtime.schema import Schema

AuditPooling = Literal["mean", "temporal_first", "temporal_last", "temporal_diff"]
AuditSelection = Literal["validation", "nested", "nested_shared"]
Scaling = Literal["center", "zscore", "whiten"]


class PrimaryCell(Schema):
    """The one protocol that the claims are judged by, declared before anything is computed."""

    direction: AuditTarget = "direction_sincos"
    pooling: AuditPooling = "mean"
    grouping: GroupingName = "condition"
    normalisation: Scaling = "zscore"
    selection: AuditSelection = "nested"
    fold_seed: int = Field(42, ge=0)


class AuditAxes(Schema):
    """Values of every choice; each with all of the others."""

    target: tuple[AuditTarget, ...] = (
        "speed",
        "direction_sincos",
        "direction_angle",
        "direction_harmonics",
        "direction_vxy",
        "velocity_xy",
        "acceleration",
        "acceleration_xy",
    )
    pooling: tuple[AuditPooling, ...] = Field(
        ("mean", "temporal_first", "temporal_last", "temporal_diff"), min_length=1
    )
    grouping: tuple[GroupingName, ...] = Field(
        (
            "condition",
            "direction",
            "magnitude",
            "spatial_sector",
            "spatial_cluster",
            "direction_spatial_sector",
            "magnitude_spatial_sector",
            "video",
        ),
        min_length=1,
    )
    normalisation: tuple[Scaling, ...] = Field(("center", "zscore", "whiten"), min_length=1)
    selection: tuple[AuditSelection, ...] = Field(
        ("validation", "nested", "nested_shared"), min_length=1
    )
    fold_seed: Seeds = Field((42, 43, 44, 45, 46), min_length=1)


class GradientSubset(Schema):
    """The cells that are fitted by gradient descent too, on the model and one untrained network."""

    solver: tuple[str, ...] = Field((), description="names under solvers; empty for none")
    target: tuple[AuditTarget, ...] = ("speed", "direction_sincos", "acceleration")
    pooling: tuple[AuditPooling, ...] = ("mean", "temporal_last")
    grouping: tuple[GroupingName, ...] = ("condition", "direction_spatial_sector")
    normalisation: tuple[Literal["center", "zscore"], ...] = ("zscore",)


class AuditSpec(Schema):
    """Section ``audit``: what is measured for the claims, and what of it is the primary cell."""

    models: tuple[str, ...] = Field(min_length=1, description="each with all controls")
    velocity: str | None = Field(None, description="dataset of balls at constant velocity")
    acceleration: str | None = Field(None, description="dataset of balls that accelerate")
    plausibility: str | None = Field(None, description="dataset of possible and impossible movies")
    heads: str | None = Field(
        None, description="measurement inside networks, of kind head_ablation, that C10 rests on"
    )
    controls: SeededControls = Field(
        {"untrained": (1, 2, 3, 4, 5)},
        description="names under controls, with seeds; the first are those of section controls; "
        "null leaves one out",
    )
    primary: PrimaryCell = PrimaryCell()
    axes: AuditAxes = AuditAxes()
    gradient: GradientSubset = GradientSubset()
    alphas: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3, 1e4), min_length=1, description="penalties of the ridge"
    )
    folds: int = Field(5, ge=3)
    clips: tuple[Annotated[int, Field(ge=10)], ...] = Field(
        (60, 120, 200),
        description="numbers of training clips beside all, at the primary normalisation and folds",
    )
    draws: int = Field(2000, ge=100, description="bootstrap draws in the primary cell")
    cell_draws: int = Field(200, ge=50, description="bootstrap draws in every other cell")
    permutations: int = Field(1000, ge=0, description="of the labels, in the primary cell")
    planted: int = Field(
        8, ge=1, description="planted networks of each kind and noise that calibrate the criteria"
    )
    seed: int = Field(0, ge=0, description="of draws, permutations and planted networks")

    @property
    def datasets(self) -> dict[str, str]:
        """Datasets by what varies in them, those that are named."""
        named = {
            "velocity": self.velocity,
            "acceleration": self.acceleration,
            "plausibility": self.plausibility,
        }
        return {kind: name for kind, name in named.items() if name is not None}
