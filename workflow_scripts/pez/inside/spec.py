"""Section ``inside`` of the configuration: measurements inside networks, by name."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pez.controls.spec import SeededControls
from pez.runtime.schema import Schema

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
ClipGroups = Literal["condition", "scene", "video"]


class InsideSpec(Schema):
    """What all kinds of measurement have in common; each is a module in `pez.inside.kinds`.

    A measurement is a pass of its own over some clips of one dataset through one network, and
    writes one table for each network.
    """

    # clips that form a group, of which so many are taken and which draws keep whole
    clip_groups: ClassVar[ClipGroups] = "condition"
    reads_trajectories: ClassVar[bool] = False  # whether it asks where the ball is
    reads_objects: ClassVar[bool] = False  # whether it asks where each of several objects is
    of_features: ClassVar[bool] = False  # whether features are read instead of clips
    judged: ClassVar[tuple[str, ...]] = ("controls", "figures", "draws")  # what only a judge reads

    kind: str
    dataset: Name = Field(description="one that forms conditions: balls")
    clips_per_condition: int = Field(
        1, ge=1, description="the first of every direction and magnitude"
    )
    models: tuple[str, ...] = Field(min_length=1, description="each with all controls")
    controls: SeededControls = Field(
        {},
        description="names under controls, with seeds; the first are those of section controls; "
        "null leaves one out",
    )
    figures: Mapping[Name, str] = Field({}, description="pictures of it, by the figure's name")
    draws: int = Field(1000, ge=100, description="bootstrap draws over conditions")
    seed: int = Field(0, ge=0, description="of the draws")

    def alone(self) -> "InsideSpec":
        """The same without what makes no difference to the table of one network."""
        fields = type(self).model_fields
        shared = {name: fields[name].get_default() for name in self.judged}
        return self.model_copy(update={"models": ("any",), "seed": 0, **shared})


class FeaturesSpec(InsideSpec):
    """A measurement that reads stored features, and runs no network of its own."""

    of_features: ClassVar[bool] = True

    def read_from(self) -> tuple[str, ...]:
        """Datasets whose features it reads; the first is `dataset`."""
        return (self.dataset,)


class MoviesSpec(InsideSpec):
    """A measurement that trains predictors on a network, and scores whole movies by them."""

    clip_groups: ClassVar[ClipGroups] = "video"


def of_movies(spec: InsideSpec) -> bool:
    """Whether a measurement looks at possible and impossible movies."""
    return isinstance(spec, MoviesSpec) or spec.clip_groups == "scene"
