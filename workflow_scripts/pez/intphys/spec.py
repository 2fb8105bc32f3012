"""Configuration of the IntPhys movies: the public release, the generated ones, and what is cut."""

from typing import Literal

from pydantic import Field, model_validator

from pez.runtime.schema import Schema

# Folders of the public release, and the principle that each of them tests.
BLOCKS = {
    "O1": "object permanence",
    "O2": "shape constancy",
    "O3": "spatio-temporal continuity",
}
MINI, DEV = "intphys_mini", "intphys_dev"
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


class IntphysConfig(Schema):
    """Section ``intphys`` of the configuration."""

    root: str | None = Field(
        None, description="folder dev of the public release (holds O1, O2, O3); null: not there"
    )
    sampling: SamplingSpec = SamplingSpec()
    shard_size: int = Field(
        40, ge=MOVIES, multiple_of=MOVIES, description="clips in one shard file; whole scenes"
    )
    mini: MiniSpec = MiniSpec()

    @model_validator(mode="after")
    def _enough_frames(self) -> "IntphysConfig":
        if self.sampling.frames > self.mini.frames:
            raise ValueError(
                f"sampling.frames = {self.sampling.frames}: the movies of mini have only "
                f"{self.mini.frames} frames"
            )
        return self

    def scenes(self, dataset: str) -> int:
        """Scenes of each block of ``dataset``."""
        return self.mini.scenes if dataset == MINI else DEV_SCENES

    def frames(self, dataset: str) -> int:
        """Frames of every movie of ``dataset``."""
        return self.mini.frames if dataset == MINI else DEV_FRAMES

    def clips(self, dataset: str) -> int:
        """Number of clips (one a movie) of ``dataset``."""
        return len(BLOCKS) * self.scenes(dataset) * MOVIES

    def shards(self, dataset: str) -> int:
        """Number of shard files of ``dataset``."""
        return -(-self.clips(dataset) // self.shard_size)

    def datasets(self) -> tuple[str, ...]:
        """Datasets that can be built: the generated one, and the public one where it is there."""
        return (MINI,) if self.root is None else (MINI, DEV)
