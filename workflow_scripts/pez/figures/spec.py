"""Configuration of the figures: what they show, and the one style they share."""

from typing import Annotated

from pydantic import Field, model_validator

from pez.encoders.spec import UNTRAINED_SUFFIX
from pez.runtime.schema import Schema

HexColour = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]


class FigureColours(Schema):
    """One colour per role; the defaults are colour-blind safe (Okabe and Ito, and a grey)."""

    validation: HexColour = "#0072B2"
    nested: HexColour = "#D55E00"
    untrained: HexColour = "#505050"
    pez: HexColour = "#009E73"
    reference: HexColour = "#000000"


class FigureStyle(Schema):
    """Looks of every figure; a change here rebuilds figures and nothing else."""

    column_mm: float = Field(88.0, ge=80, le=150, description="width of a one-panel figure")
    page_mm: float = Field(180.0, ge=150, le=400, description="width of a figure of more panels")
    panel_height_mm: float = Field(46.0, ge=20, le=200)
    dpi: int = Field(300, ge=50, le=1200, description="of the PNG")
    font_pt: float = Field(7.5, ge=5, le=9)
    colours: FigureColours = FigureColours()


class FigureSpec(Schema):
    """One figure: a row of panels per model, a panel per probe."""

    title: str = Field(min_length=1)
    models: tuple[str, ...] = Field(min_length=1, description="rows; each with its control")
    probes: tuple[str, ...] = Field(min_length=1, max_length=4, description="panels, in order")
    panel_titles: dict[str, str] = Field(
        {}, description="title of a probe's panel, if not its name"
    )
    y_floor: float = Field(
        -0.5, ge=-10, le=0.5, description="R2 below this is marked at the foot of the panel"
    )

    @model_validator(mode="after")
    def _consistent(self) -> "FigureSpec":
        for field, names in (("models", self.models), ("probes", self.probes)):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{field} names {', '.join(twice)} more than once")
        for model in self.models:
            if model.endswith(UNTRAINED_SUFFIX):
                raise ValueError(
                    f"models names {model!r}: an untrained control is drawn beside its model; "
                    f"write {model.removesuffix(UNTRAINED_SUFFIX)!r}"
                )
        unknown = sorted(set(self.panel_titles) - set(self.probes))
        if unknown:
            raise ValueError(f"panel_titles names {', '.join(unknown)}, not among probes")
        return self
