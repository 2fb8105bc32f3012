"""What is told of movies when heads may not attend to what is near (table 4, plausibility)."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from pez.inside.ablation.spec import WindowsSpec
from pez.inside.spec import ClipGroups, Name


class Section(WindowsSpec):
    """Probes that tell possible movies, with windows of keys taken from some blocks."""

    clip_groups: ClassVar[ClipGroups] = "scene"

    kind: Literal["plausibility_ablation"]
    dataset: Name = Field(description="one of possible and impossible movies")
    figures: Mapping[Name, Literal["window_ablation"]] = Field(
        {}, description="pictures by the figure's name"
    )
