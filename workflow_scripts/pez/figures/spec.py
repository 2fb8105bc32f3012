"""Configuration of the figures: what they show, and the one style they share."""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from pez.recipes.recipe import recipe_name
from pez.recipes.spec import ProbeSpec
from pez.runtime.schema import Schema

HexColour = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]


class FigureColours(Schema):
    """One colour per role; the defaults are colour-blind safe (after Okabe and Ito)."""

    curves: tuple[HexColour, ...] = Field(
        ("#0072B2", "#D55E00", "#882255", "#56B4E9", "#D783AE"),
        min_length=1,
        description="of the protocols of a figure in their order, or of the models it overlays",
    )
    pez: HexColour = "#009E73"
    ceiling: HexColour = "#E69F00"
    reference: HexColour = "#000000"


class FigureStyle(Schema):
    """Looks of every figure; a change here rebuilds figures and nothing else."""

    column_mm: float = Field(88.0, ge=80, le=150, description="width of a one-panel figure")
    page_mm: float = Field(180.0, ge=80, le=400, description="width of a figure of more panels")
    panel_height_mm: float = Field(46.0, ge=20, le=200)
    dpi: int = Field(300, ge=50, le=1200, description="of the PNG")
    font_pt: float = Field(7.5, ge=5, le=9)
    captions: bool = Field(True, description="whether pictures carry the text below them")
    theme: Literal["light", "dark"] = Field("light", description="ground of the pictures")
    colours: FigureColours = FigureColours()

    @property
    def sheet_mm(self) -> float:
        """Width of a wide sheet: at least what bodies that are laid out in millimetres need."""
        return max(self.page_mm, 150.0)


class FigureSpec(Schema):
    """What all kinds of figure have in common; each is a module in `pez.figures.kinds`."""

    kind: str
    of_movies: ClassVar[bool] = False  # whether its probes tell possible movies from impossible

    title: str = Field(min_length=1)
    models: tuple[str, ...] = Field(min_length=1, description="each with its controls")
    probes: tuple[str, ...] = Field(min_length=1, max_length=4, description="panels, in order")
    protocols: tuple[str, ...] = Field(
        ("reference", "strict"),
        min_length=1,
        description="whose recipes are drawn, with equal rank",
    )
    controls: tuple[str, ...] = Field(
        ("untrained",), description="names under controls, drawn beside every model and protocol"
    )

    @model_validator(mode="after")
    def _distinct(self) -> "FigureSpec":
        for field in ("models", "probes", "protocols", "controls"):
            check_distinct(field, getattr(self, field))
        return self

    @property
    def recipes(self) -> tuple[str, ...]:
        """Names of the recipes that are drawn."""
        return tuple(recipe_name(probe, name) for probe in self.probes for name in self.protocols)

    def scores(self, probes: Iterable[ProbeSpec]) -> tuple[str, ...]:
        """Metrics that are drawn of ``probes``, all that the figure shows."""
        raise NotImplementedError

    @property
    def subsets(self) -> tuple[str, ...]:
        """Parts of the clips that are looked at."""
        return ("all",)


def check_distinct(field: str, names: Iterable[str]) -> None:
    """Refuse a name that ``names`` hold twice."""
    listed = list(names)
    twice = sorted({name for name in listed if listed.count(name) > 1})
    if twice:
        raise ValueError(f"{field} names {', '.join(twice)} more than once")
