"""IntPhys movies: the layout, what is generated, and which frames are cut out."""

from typing import Literal

from pydantic import Field

from pez.runtime.schema import Schema

# Folders of the public release, and the principle that each of them tests.
BLOCKS = {
    "O1": "object permanence",
    "O2": "shape constancy",
    "O3": "spatio-temporal continuity",
}
MOVIES = 4  # of a scene: two possible, two impossible
DEV_SCENES, DEV_FRAMES = 30, 100  # scenes of a block of the public dev release, frames of a movie
PUBLISHED_FRAMES = "published frames"  # the "renderer" of movies that nobody rendered here


class SamplingSpec(Schema):
    """Which frames of a movie make a clip."""

    frames: int = Field(16, ge=2, multiple_of=2, description="frames of a clip (tubelets of two)")
    window: Literal["uniform", "breakpoint"] = Field(
        "uniform",
        description="evenly spaced over the movie, or consecutive and centred on the breakpoint",
    )


class MiniSpec(Schema):
    """The generated quadruplets, in the layout of the public release."""

    scenes: int = Field(20, ge=1, le=99, description="of each block; four movies a scene")
    frames: int = Field(32, ge=16, le=999, description="of a movie")
    frames_per_second: int = Field(16, ge=1)
    resolution: int = Field(256, ge=32, multiple_of=16, description="side of a frame, pixels")
    samples: int = Field(8, ge=1, le=4096, description="Cycles samples per pixel")
    seed: int = Field(42, ge=0)
