"""Configuration of the clips: what is simulated, how it is lit, and how it is rendered."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pez.runtime.schema import Schema

Colour = tuple[
    Annotated[float, Field(ge=0, le=1)],
    Annotated[float, Field(ge=0, le=1)],
    Annotated[float, Field(ge=0, le=1)],
]
Motion = Literal["velocity", "acceleration"]


class SceneSpec(Schema):
    """The scene of the paper's appendix A.1.2, and what that appendix leaves open."""

    frames: int = Field(16, ge=2, multiple_of=2, description="frames of a clip (tubelets of two)")
    frames_per_second: int = Field(24, ge=1)
    physics_hz: int = Field(240, ge=1, description="PyBullet steps per second")
    resolution: int = Field(256, ge=32, multiple_of=16, description="side of a frame, pixels")
    camera_height_m: float = Field(10.0, gt=1, description="above the floor, looking straight down")
    view_m: float = Field(8.0, gt=0, description="side of the floor square that fills the frame")
    ball_radius_m: float = Field(0.3, gt=0)
    ball_mass_kg: float = Field(1.0, gt=0)
    ball_colour: Colour = Field((0.15, 0.40, 0.85), description="sRGB, as shown in full light")
    floor_colour: Colour = Field((0.55, 0.53, 0.50), description="sRGB, as shown in full light")
    light_direction: tuple[float, float, float] = Field(
        (0.3, 0.2, -1.0), description="direction in which the one directional light shines"
    )
    light_intensity: float = Field(
        0.9, gt=0, le=10, description="sunlight on the floor; 1 in sum with ambient is full light"
    )
    ambient: float = Field(0.1, ge=0, le=1, description="light from all around, same scale")

    @model_validator(mode="after")
    def _possible(self) -> "SceneSpec":
        if self.physics_hz % self.frames_per_second:
            raise ValueError(
                f"physics_hz = {self.physics_hz} is no multiple of frames_per_second = "
                f"{self.frames_per_second}: a frame must be a whole number of physics steps"
            )
        if self.light_direction[2] >= 0:
            raise ValueError("light_direction must point down: its third component is below zero")
        if 2 * self.ball_radius_m >= self.camera_height_m:
            raise ValueError(
                f"ball_radius_m = {self.ball_radius_m}: a ball lying on the floor would reach the "
                f"camera, which hangs at camera_height_m = {self.camera_height_m}"
            )
        return self


class RenderSpec(Schema):
    """How Blender Cycles renders the scene."""

    samples: int = Field(16, ge=1, le=4096, description="Cycles samples per pixel")
    shard_size: int = Field(56, ge=1, description="clips in one shard file (and in one job)")


class BallDatasetSpec(Schema):
    """A full factorial of directions x magnitudes x starts of one moving ball."""

    motion: Motion
    directions: int = Field(8, ge=1, le=360, description="equally spaced over the circle, from 0")
    magnitudes: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        min_length=1, description="speeds in m/s, or accelerations in m/s2 from rest"
    )
    starts: int = Field(7, ge=1, description="start positions of every (direction, magnitude)")
    start_half_range_m: float = Field(2.0, ge=0, description="starts are uniform in +- this, x, y")
    seed: int = Field(42, ge=0)
    allow_out_of_view: bool = Field(
        False, description="build it even if most clips end with the ball out of the picture"
    )

    @property
    def clips(self) -> int:
        """Number of clips in the dataset."""
        return self.directions * len(self.magnitudes) * self.starts


class ClipsConfig(Schema):
    """Section ``clips`` of the configuration: what rendered datasets of balls have in common."""

    renderer: Literal["kubric"] = "kubric"
    scene: SceneSpec = SceneSpec()
    render: RenderSpec = RenderSpec()
