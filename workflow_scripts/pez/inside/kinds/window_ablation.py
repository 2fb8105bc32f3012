"""What is read when heads may not attend to what is near (tables 2 and 4 of arXiv 2602.07050)."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from pez.inside.ablation.spec import AblationSpec
from pez.inside.spec import Name
from pez.runtime.schema import Schema


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


class Section(AblationSpec):
    """Probes of direction and place, with windows of keys taken from some blocks."""

    kind: Literal["window_ablation"]
    windows: tuple[WindowSpec, ...] = Field(min_length=1, description="each taken in turn")
    matched: tuple[Literal["random", "far", "others"], ...] = Field(
        ("random", "far"),
        description="in place of each window: as many keys at random, or from the far end; "
        "others: the window but for the query's own key",
    )
    elsewhere: tuple[WindowSpec, ...] = Field(
        (), description="windows taken also from as many first and last blocks"
    )
    empty: Literal["zero", "self", "uniform"] = Field(
        "zero",
        description="of a query that keeps no key: its attention is 0, to itself, or to all alike",
    )
    figures: Mapping[Name, Literal["window_ablation"]] = Field(
        {}, description="pictures by the figure's name"
    )
