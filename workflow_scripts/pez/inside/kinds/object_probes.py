"""Velocity of single objects among several (figures 13 to 17 of arXiv 2602.07050)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pez.inside.spec import ClipGroups, InsideSpec, Name


class Section(InsideSpec):
    """Probes of each kind of object, from the mean over all tokens of a clip."""

    clip_groups: ClassVar[ClipGroups] = "video"
    reads_objects: ClassVar[bool] = True

    kind: Literal["object_probes"]
    moment: Literal["mean", "last"] = Field(
        "mean", description="velocity in the picture: mean over the frames, or that of the last"
    )
    at_rest_px: float = Field(
        0.25, ge=0, description="pixels a frame: what is slower has no direction"
    )
    fewest: int = Field(12, ge=6, description="clips that a probe of a kind needs at least")
    folds: int = Field(5, ge=2, le=20, description="of the clips that hold a kind")
    fold_seed: int = Field(42, ge=0)
    alphas: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3, 1e4), min_length=1, description="penalties of the probes"
    )
    figures: Mapping[Name, Literal["object_probes"]] = Field(
        {}, description="pictures by the figure's name"
    )
