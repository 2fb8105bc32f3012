"""Configuration of clips of several objects."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pez.objects.kinds import KINDS
from pez.runtime.schema import Schema

MOST_OBJECTS = 5
CameraName = Literal["oblique", "overhead"]
_Count = Annotated[int, Field(ge=1, le=MOST_OBJECTS)]
_Positive = Annotated[float, Field(gt=0)]


class ObjectsSpec(Schema):
    """What is on the floor, how it moves, and from where it is seen."""

    clips: int = Field(250, ge=2, description="about 73 of every one of 12 kinds")
    kinds: int = Field(
        12, ge=2, le=KINDS, description="of 3 shapes x 2 materials x 8 colours; 48 want 850 clips"
    )
    objects: tuple[_Count, _Count] = Field((2, 5), description="of a clip, each of another kind")
    moving: tuple[_Count, _Count] = Field((1, 3), description="of these, at the first frame")
    radius_m: tuple[_Positive, _Positive] = Field(
        (0.25, 0.45), description="of the circle round an object's base"
    )
    speed_m_s: tuple[_Positive, _Positive] = Field((1.0, 4.0), description="at the first frame")
    friction: float = Field(0.1, ge=0, le=1, description="of an object on the floor")
    camera: CameraName = Field("oblique", description="as in CLEVRER, or straight down")
    frames: int = Field(16, ge=2, multiple_of=2, description="of a clip (tubelets of two)")
    frames_per_second: int = Field(24, ge=1)
    resolution: int = Field(256, ge=32, multiple_of=16, description="side of a frame, pixels")
    seed: int = Field(42, ge=0)

    @model_validator(mode="after")
    def _possible(self) -> "ObjectsSpec":
        ranges: dict[str, tuple[float, float]] = {
            "objects": self.objects,
            "moving": self.moving,
            "radius_m": self.radius_m,
            "speed_m_s": self.speed_m_s,
        }
        for name, (low, high) in ranges.items():
            if low > high:
                raise ValueError(f"{name} = [{low}, {high}]: the second is to be the larger one")
        if self.objects[1] > self.kinds:
            raise ValueError(
                f"objects = {list(self.objects)}: a clip holds every kind at most once, and there "
                f"are {self.kinds} (kinds)"
            )
        if self.moving[0] > self.objects[0]:
            raise ValueError(
                f"moving = {list(self.moving)}: some clips have only {self.objects[0]} objects "
                "(objects)"
            )
        return self
