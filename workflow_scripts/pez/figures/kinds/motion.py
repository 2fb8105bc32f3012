"""Figures of motion probes."""

from typing import Literal

from pydantic import Field, model_validator

from pez.figures.spec import FigureSpec


class Section(FigureSpec):
    """One figure of motion probes: a row of panels per model, a panel per probe."""

    kind: Literal["motion"] = "motion"
    panel_titles: dict[str, str] = Field(
        {}, description="title of a probe's panel, if not its name"
    )
    y_floor: float = Field(
        -0.5, ge=-10, le=0.5, description="R2 below this is marked at the foot of the panel"
    )

    @model_validator(mode="after")
    def _titles_have_panels(self) -> "Section":
        unknown = sorted(set(self.panel_titles) - set(self.probes))
        if unknown:
            raise ValueError(f"panel_titles names {', '.join(unknown)}, not among probes")
        return self

    @property
    def scores(self) -> tuple[str, ...]:
        """R2 alone."""
        return ("r2",)
