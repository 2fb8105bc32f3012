"""What a figure and its verdict must know about the models and clips they show."""

from typing import Literal

from pydantic import Field

from pez.clips.visibility import OutOfView
from pez.intphys.spec import SamplingSpec
from pez.runtime.schema import Schema


class ModelFacts(Schema):
    """One encoder, trained or not."""

    layers: int = Field(ge=1, description="number of transformer blocks")
    source: Literal["checkpoint", "embedded", "random", "permuted", "none"] = Field(
        description="origin of the weights"
    )
    weights: str = Field(description="the weights in words, e.g. 'random weights, seed 0'")


class ClipsFacts(Schema):
    """The clips that the probes of a figure read."""

    renderer: str = Field(description="a renderer, or 'published frames'")
    samples: int | None = Field(ge=1, description="Cycles samples per pixel; null if published")
    datasets: dict[str, int] = Field(description="number of clips of each dataset in use")
    sampling: SamplingSpec | None = Field(
        None, description="which frames of a movie make a clip; null where a movie is a clip"
    )
    out_of_view: dict[str, OutOfView] = Field(
        {}, description="clips of each dataset of balls that end with the ball out of view"
    )

    @property
    def origin(self) -> str:
        """Where the frames come from, and which were taken, in words."""
        words = [self.renderer]
        if self.samples is not None:
            words.append(f"{self.samples} samples per pixel")
        if self.sampling is not None:
            window = {"uniform": "evenly spaced", "breakpoint": "around the breakpoint"}
            words.append(f"{self.sampling.frames} frames {window[self.sampling.window]}")
        return ", ".join(words)
