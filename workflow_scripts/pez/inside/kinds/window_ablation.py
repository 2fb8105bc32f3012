"""What is read when heads may not attend to what is near (tables 2 and 4 of arXiv 2602.07050)."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from pez.inside.ablation.spec import WindowsSpec
from pez.inside.spec import Name


class Section(WindowsSpec):
    """Probes of direction and place, with windows of keys taken from some blocks."""

    kind: Literal["window_ablation"]
    figures: Mapping[Name, Literal["window_ablation"]] = Field(
        {}, description="pictures by the figure's name"
    )
