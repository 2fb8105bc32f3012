"""What a figure and its verdict must know about the models and clips they show."""

from typing import Literal

from pydantic import Field

from pez.runtime.schema import Schema


class ModelFacts(Schema):
    """One encoder, trained or not."""

    layers: int = Field(ge=1, description="number of transformer blocks")
    source: Literal["checkpoint", "embedded", "random"] = Field(description="origin of the weights")
    weights: str = Field(description="the weights in words, e.g. 'random weights, seed 0'")


class ClipsFacts(Schema):
    """The clips that the probes of a figure read."""

    renderer: str
    samples: int = Field(ge=1, description="Cycles samples per pixel")
    datasets: dict[str, int] = Field(description="number of clips of each dataset in use")
