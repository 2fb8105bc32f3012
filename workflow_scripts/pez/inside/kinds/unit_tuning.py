"""Tuning of MLP units to direction and speed (figures 4, 20 and 21 of arXiv 2602.07050)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from pez.inside.spec import InsideSpec, Name

Share = Annotated[float, Field(gt=0, le=1)]
Point = Literal["mlp_post", "mlp_pre", "mlp_out", "resid_post"]
Picture = Literal["unit_tuning", "tuning_vectors", "speed_tuning"]


class Section(InsideSpec):
    """Linear models of every unit at every position: of direction, of speed, given occupancy."""

    reads_trajectories: ClassVar[bool] = True

    kind: Literal["unit_tuning"]
    clips_per_condition: int = Field(7, ge=1, description="the first of every condition")
    points: tuple[Point, ...] = Field(
        ("mlp_post", "resid_post"),
        min_length=1,
        description="of a block, names of pez.encoders.hooks; the first is drawn",
    )
    depth: tuple[Share, Share] = Field(
        (0.25, 0.45), description="the last block whose output lies in this share of depth"
    )
    elsewhere: tuple[Literal["first", "last"], ...] = Field(
        ("first", "last"), description="blocks beside it"
    )
    folds: int = Field(5, ge=2, le=20, description="of conditions")
    fold_seed: int = Field(42, ge=0)
    ridge: float = Field(
        1e-3, gt=0, description="of direction and speed, added to sums of squares; intercept free"
    )
    beside_ridge: float = Field(
        0.1, gt=0, description="of where the ball is; 1: as much as one clip that covers the patch"
    )
    bins: int = Field(24, ge=4, le=360, description="of preferred directions and speeds")
    permutations: int = Field(200, ge=20, description="of conditions, for the null of the largest")
    permutation_seed: int = Field(0, ge=0)
    figures: Mapping[Name, Picture] = Field({}, description="pictures by the figure's name")

    @model_validator(mode="after")
    def _fits(self) -> "Section":
        if self.depth[0] > self.depth[1]:
            raise ValueError(f"depth = {list(self.depth)}: the second is to be the larger one")
        for name in ("points", "elsewhere"):
            values = getattr(self, name)
            if len(set(values)) < len(values):
                raise ValueError(f"{name} = {list(values)} names one twice")
        return self
