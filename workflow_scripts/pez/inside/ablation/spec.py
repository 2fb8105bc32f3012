"""What measurements say that take something from some blocks and probe what is left."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pez.inside.spec import InsideSpec
from pez.runtime.schema import Schema

Share = Annotated[float, Field(gt=0, le=1)]


class AblationSpec(InsideSpec):
    """Which blocks, and the probes."""

    depth: tuple[Share, Share] = Field(
        (0.25, 0.45), description="blocks whose output lies in this share of depth are changed"
    )
    folds: int = Field(5, ge=2, le=20)
    fold_seed: int = Field(42, ge=0)
    alphas: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3, 1e4), min_length=1, description="penalties of the probes"
    )

    @model_validator(mode="after")
    def _depth_rises(self) -> "AblationSpec":
        if self.depth[0] > self.depth[1]:
            raise ValueError(f"depth = {list(self.depth)}: the second is to be the larger one")
        return self


class WindowSpec(Schema):
    """Keys near a query; at least one of the two distances is given."""

    spatial: int | None = Field(None, ge=0, description="largest Euclidean distance, patches")
    temporal: int | None = Field(None, ge=0, description="largest distance, tubelets")
    joined: Literal["union", "intersection"] = Field("union", description="of the two")

    @model_validator(mode="after")
    def _is_one(self) -> "WindowSpec":
        if self.spatial is None and self.temporal is None:
            raise ValueError("a window needs spatial or temporal: a distance, from 0")
        return self

    @property
    def name(self) -> str:
        """Name in tables: ``s7``, ``t3``, ``s3_or_t1``, ``s3_and_t1``."""
        parts = [
            f"{letter}{size}"
            for letter, size in (("s", self.spatial), ("t", self.temporal))
            if size is not None
        ]
        return {"union": "_or_", "intersection": "_and_"}[self.joined].join(parts)


class WindowsSpec(AblationSpec):
    """Windows of keys that are taken, and what is taken in their place."""

    windows: tuple[WindowSpec, ...] = Field(min_length=1, description="each taken in turn")
    matched: tuple[Literal["random", "far", "others", "mass"], ...] = Field(
        ("random", "far"),
        description="in place of each window: as many keys at random, or from the far end; "
        "mass: random keys that hold as much of the query's attention, head by head; "
        "others: the window but for the query's own key",
    )
    elsewhere: tuple[WindowSpec, ...] = Field(
        (), description="windows taken also from as many first and last blocks"
    )
    empty: Literal["zero", "self", "uniform"] = Field(
        "zero",
        description="of a query that keeps no key: its attention is 0, to itself, or to all alike",
    )
