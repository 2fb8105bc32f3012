"""Direction read from every patch, and from one half of the frame for the other (figure 18)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from pez.inside.spec import InsideSpec, Name

Patches = Annotated[float, Field(ge=0)]


class Section(InsideSpec):
    """Probes of direction: one for each patch, one for each half of the frame or of the clips."""

    kind: Literal["patch_probes"]
    reads_trajectories: ClassVar[bool] = True
    judged: ClassVar[tuple[str, ...]] = (*InsideSpec.judged, "distances", "far")

    folds: int = Field(5, ge=2, le=20)
    fold_seed: int = Field(42, ge=0)
    alphas: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3, 1e4), min_length=1, description="penalties of the probes"
    )
    distances: tuple[Patches, ...] = Field(
        (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0),
        min_length=1,
        description="between a patch and the ball's path, patches: where each class begins",
    )
    far: float = Field(4.0, gt=0, description="patches from the path on, which count as away")
    figures: Mapping[Name, Literal["patch_probes"]] = Field(
        {}, description="pictures by the figure's name"
    )

    @model_validator(mode="after")
    def _distances_rise(self) -> "Section":
        if list(self.distances) != sorted(set(self.distances)):
            raise ValueError(f"distances = {list(self.distances)}: each is to exceed the last")
        return self
