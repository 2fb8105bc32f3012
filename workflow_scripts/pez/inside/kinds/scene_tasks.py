"""What several objects are and do, read by depth (beside figure 12 of arXiv 2602.07050)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pez.inside.spec import ClipGroups, InsideSpec, Name


class Section(InsideSpec):
    """How many objects, of which kinds, how many move, whether two collide."""

    clip_groups: ClassVar[ClipGroups] = "video"
    reads_objects: ClassVar[bool] = True

    kind: Literal["scene_tasks"]
    folds: int = Field(5, ge=2, le=20, description="of the clips")
    fold_seed: int = Field(42, ge=0)
    alphas: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3, 1e4), min_length=1, description="penalties of the probes"
    )
    permutations: int = Field(
        200, ge=20, description="of the labels; they set the rise that an onset needs"
    )
    permutation_seed: int = Field(1, ge=0)
    figures: Mapping[Name, Literal["scene_tasks"]] = Field(
        {}, description="pictures by the figure's name"
    )
