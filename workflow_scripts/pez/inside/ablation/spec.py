"""What measurements say that take something from some blocks and probe what is left."""

from typing import Annotated

from pydantic import Field, model_validator

from pez.inside.spec import InsideSpec

Share = Annotated[float, Field(gt=0, le=1)]


class AblationSpec(InsideSpec):
    """Which blocks, and the probes."""

    depth: tuple[Share, Share] = Field(
        (0.25, 0.45), description="blocks whose output lies in this share of depth are changed"
    )
    folds: int = Field(5, ge=2, le=20)
    fold_seed: int = Field(42, ge=0)
    alphas: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3, 1e4), min_length=1, description="penalties of the probes"
    )

    @model_validator(mode="after")
    def _depth_rises(self) -> "AblationSpec":
        if self.depth[0] > self.depth[1]:
            raise ValueError(f"depth = {list(self.depth)}: the second is to be the larger one")
        return self
