"""What is read without the heads that look least far (claim C10 of the audit)."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from pez.inside.ablation.spec import AblationSpec
from pez.inside.spec import Name


class Section(AblationSpec):
    """Probes of direction and place, with some heads of some blocks made the same for all clips."""

    kind: Literal["head_ablation"]
    distance: Literal["spatial", "temporal", "joint"] = Field(
        "spatial", description="by which heads are local: patches, tubelets, or both together"
    )
    local: float = Field(
        0.34, gt=0, le=0.5, description="share of each block's heads that are taken; at least one"
    )
    others: int = Field(8, ge=1, description="sets of as many other heads, each taken in turn")
    figures: Mapping[Name, Literal["head_ablation"]] = Field(
        {}, description="pictures by the figure's name"
    )
