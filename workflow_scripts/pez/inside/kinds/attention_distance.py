"""How far every head of every block looks (figures 3 and 19 of arXiv 2602.07050)."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from pez.inside.spec import InsideSpec, Name

Picture = Literal["attention_layers", "attention_heads"]


class Section(InsideSpec):
    """Attention distances of all heads, averaged over the queries of a clip."""

    kind: Literal["attention_distance"]
    figures: Mapping[Name, Picture] = Field(
        {},
        description="pictures by the figure's name; attention_layers: means over heads and "
        "specialisation by block; attention_heads: every head of every block",
    )
