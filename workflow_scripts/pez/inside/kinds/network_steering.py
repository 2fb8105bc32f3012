"""Direction edited at one state of the network and read at later ones (figure 24, continued)."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pez.inside.spec import InsideSpec, Name


class Section(InsideSpec):
    """Edits of direction at some residual states; the rest of the network runs on."""

    kind: Literal["network_steering"]
    reads_trajectories: ClassVar[bool] = True

    edit_depths: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        (0.17, 0.36, 0.67),
        min_length=1,
        description="of the states that are edited, as shares of all blocks",
    )
    edit_probes: int = Field(
        5, ge=1, description="orthogonal ridge probes that one of the edits is made of, at most"
    )
    folds: int = Field(
        5, ge=2, le=20, description="of the magnitudes: clips are edited by what others show"
    )
    fold_seed: int = Field(42, ge=0)
    target_seed: int = Field(
        0, ge=0, description="of the direction that every clip is turned to, and of random edits"
    )
    alphas: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (1e-1, 1.0, 1e1, 1e2, 1e3), min_length=1, description="penalties of ridge probes"
    )
    figures: Mapping[Name, Literal["network_steering"]] = Field(
        {}, description="pictures by the figure's name"
    )
