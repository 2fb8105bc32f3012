"""A predictor on every layer, scored by surprise (figure 11 of arXiv 2602.07050)."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator

from pez.inside.spec import MoviesSpec, Name
from pez.pretraining.spec import FRAME_PIXELS, PredictorSpec, Share
from pez.runtime.schema import Schema

WINDOW_FRAMES = 16  # of what predictors are trained on and of what is scored


class PredictorsSpec(Schema):
    """Predictors, and their training on random scenes of moving balls."""

    depths: tuple[Share, ...] = Field(
        (0, 1 / 3, 2 / 3, 1),
        description="residual states that have predictors, as shares of all blocks: 0, 1, and at "
        "least one within a third and two thirds",
    )
    contexts: tuple[Annotated[int, Field(ge=2, lt=WINDOW_FRAMES, multiple_of=2)], ...] = Field(
        (2, 4, 6, 8, 10),
        min_length=1,
        description=f"frames that are seen, of {WINDOW_FRAMES}; the others are predicted",
    )
    shape: PredictorSpec = PredictorSpec()
    window: int = Field(
        128,
        ge=32,
        le=FRAME_PIXELS,
        multiple_of=16,
        description="side of what is seen of a scene in training, pixels; at most that of the "
        "encoder's input",
    )
    clips: int = Field(4, ge=1, description="of a step")
    steps: int = Field(200, ge=1)
    learning_rate: float = Field(1e-3, gt=0, description="at its peak")
    warmup_share: Share = Field(0.05, description="of all steps; a cosine to 0 follows")
    weight_decay: float = Field(0.05, ge=0, description="of matrices")
    gradient_clip: float = Field(1.0, gt=0, description="largest norm of a predictor's gradient")
    seed: int = Field(0, ge=0, description="first weights, and scenes")

    @field_validator("depths")
    @classmethod
    def _have_ends_and_middle(cls, depths: tuple[float, ...]) -> tuple[float, ...]:
        middle = [depth for depth in depths if is_middle(depth)]
        if min(depths, default=1) > 0 or max(depths, default=0) < 1 or not middle:
            raise ValueError("name 0, 1, and a depth within a third and two thirds")
        return depths


class Section(MoviesSpec):
    """Surprise of movies at what they go on to show, by predictors on several states."""

    kind: Literal["layer_prediction"]
    predictors: PredictorsSpec = PredictorsSpec()
    first_scenes: int | None = Field(
        None, ge=1, description="scenes of each block, the first ones; null: all"
    )
    frame_step: int = Field(1, ge=1, description="every so many frames of a movie are looked at")
    window_stride: int = Field(
        2, ge=1, description=f"frames from one window of {WINDOW_FRAMES} to the next"
    )
    figures: Mapping[Name, Literal["layer_prediction"]] = Field(
        {}, description="pictures by the figure's name"
    )


def is_middle(depth: float) -> bool:
    """Whether a state at ``depth``, a share of all blocks, lies in the middle third."""
    return 0.33 <= depth <= 0.67
