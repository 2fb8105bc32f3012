"""Figures of probes of numbers or of classes; those of motion are the paper's figure 2."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field, model_validator

from pez.figures.spec import FigureSpec
from pez.recipes.kinds import metric_of
from pez.recipes.spec import ProbeSpec


class Section(FigureSpec):
    """A row of panels per model, a panel per probe."""

    kind: Literal["motion"] = "motion"
    panel_titles: dict[str, str] = Field(
        {}, description="title of a probe's panel, if not its name"
    )
    y_floor: float = Field(
        -0.5, ge=-10, le=0.5, description="scores below this are marked at the foot of the panel"
    )

    @model_validator(mode="after")
    def _titles_have_panels(self) -> "Section":
        unknown = sorted(set(self.panel_titles) - set(self.probes))
        if unknown:
            raise ValueError(f"panel_titles names {', '.join(unknown)}, not among probes")
        return self

    def scores(self, probes: Iterable[ProbeSpec]) -> tuple[str, ...]:
        """R2 of numbers, or the accuracy of classes: a figure shows one of them."""
        return tuple(dict.fromkeys(metric_of(spec) for spec in probes))
