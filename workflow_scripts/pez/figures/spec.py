"""Configuration of the figures: what they show, and the one style they share."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, TypeAdapter, model_validator

from pez.intphys.spec import BLOCKS
from pez.recipes.recipe import recipe_name
from pez.runtime.schema import Schema

HexColour = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]
Metric = Literal["matched_pair", "logit_sum", "relative_accuracy", "clip_accuracy"]


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
    page_mm: float = Field(180.0, ge=150, le=400, description="width of a figure of more panels")
    panel_height_mm: float = Field(46.0, ge=20, le=200)
    dpi: int = Field(300, ge=50, le=1200, description="of the PNG")
    font_pt: float = Field(7.5, ge=5, le=9)
    colours: FigureColours = FigureColours()


class _AnyFigure(Schema):
    """What all kinds of figure have in common."""

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
    def _distinct(self) -> "_AnyFigure":
        for field in ("models", "probes", "protocols", "controls"):
            _check_distinct(field, getattr(self, field))
        return self

    @property
    def recipes(self) -> tuple[str, ...]:
        """Names of the recipes that are drawn."""
        return tuple(recipe_name(probe, name) for probe in self.probes for name in self.protocols)


class FigureSpec(_AnyFigure):
    """One figure of motion probes: a row of panels per model, a panel per probe."""

    panel_titles: dict[str, str] = Field(
        {}, description="title of a probe's panel, if not its name"
    )
    y_floor: float = Field(
        -0.5, ge=-10, le=0.5, description="R2 below this is marked at the foot of the panel"
    )

    @model_validator(mode="after")
    def _titles_have_panels(self) -> "FigureSpec":
        unknown = sorted(set(self.panel_titles) - set(self.probes))
        if unknown:
            raise ValueError(f"panel_titles names {', '.join(unknown)}, not among probes")
        return self


class PlausibilityFigureSpec(_AnyFigure):
    """One figure of possible against impossible movies.

    Either a panel per probe and protocol with all models in each; or, block by block, rows of
    panels per model with its protocols in each.
    """

    kind: Literal["plausibility"]
    metrics: tuple[Metric, ...] = Field(
        ("matched_pair", "relative_accuracy"), min_length=1, description="rows of panels, in order"
    )
    controls: tuple[str, ...] = Field(
        ("untrained", "shuffled"),
        description="names under controls, drawn beside every model and protocol",
    )
    by_block: bool = Field(False, description="a panel for every block, beside the overall one")

    @model_validator(mode="after")
    def _fits_a_page(self) -> "PlausibilityFigureSpec":
        _check_distinct("metrics", self.metrics)
        if self.by_block and len(self.probes) > 1:
            raise ValueError("probes names several: a figure block by block shows one")
        if not self.by_block and len(self.recipes) > 6:
            raise ValueError(
                f"probes x protocols make {len(self.recipes)} panels side by side, and a page "
                "holds 6: take fewer"
            )
        return self

    @property
    def subsets(self) -> tuple[str, ...]:
        """What the panels show: all movies, and the blocks if asked for."""
        return ("all", *BLOCKS) if self.by_block else ("all",)


def _kind_of_figure(values: object) -> str:
    kind = values.get("kind") if isinstance(values, Mapping) else getattr(values, "kind", None)
    return "motion" if kind is None else "plausibility"


AnyFigureSpec = Annotated[
    Annotated[FigureSpec, Tag("motion")] | Annotated[PlausibilityFigureSpec, Tag("plausibility")],
    Discriminator(_kind_of_figure),
]


def read_figure(values: Mapping[str, object]) -> FigureSpec | PlausibilityFigureSpec:
    """Return the figure that ``values``, an entry under ``figures``, describes."""
    adapter: TypeAdapter[FigureSpec | PlausibilityFigureSpec] = TypeAdapter(AnyFigureSpec)
    return adapter.validate_python(values)


def _check_distinct(field: str, names: Iterable[str]) -> None:
    listed = list(names)
    twice = sorted({name for name in listed if listed.count(name) > 1})
    if twice:
        raise ValueError(f"{field} names {', '.join(twice)} more than once")
