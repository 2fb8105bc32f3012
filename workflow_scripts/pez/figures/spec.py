"""Configuration of the figures: what they show, and the one style they share."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, TypeAdapter, model_validator

from pez.encoders.spec import UNTRAINED_SUFFIX
from pez.intphys.spec import BLOCKS
from pez.probes.spec import SHUFFLED_SUFFIX, SelectionMetric
from pez.runtime.schema import Schema

HexColour = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]


class FigureColours(Schema):
    """One colour per role; the defaults are colour-blind safe (after Okabe and Ito)."""

    validation: HexColour = "#0072B2"
    nested: HexColour = "#D55E00"
    untrained: HexColour = "#505050"
    shuffled: HexColour = "#D783AE"
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
        _check_models(self.models)
        _check_distinct("probes", self.probes)
        unknown = sorted(set(self.panel_titles) - set(self.probes))
        if unknown:
            raise ValueError(f"panel_titles names {', '.join(unknown)}, not among probes")
        return self


class PlausibilityFigureSpec(Schema):
    """One figure of possible against impossible movies: rows of panels per model."""

    kind: Literal["plausibility"]
    title: str = Field(min_length=1)
    models: tuple[str, ...] = Field(min_length=1, description="rows; each with its control")
    probe: str = Field(description="its control with shuffled labels is drawn beside it")
    metrics: tuple[SelectionMetric, ...] = Field(
        ("relative_accuracy", "clip_accuracy"), min_length=1
    )
    by_block: bool = Field(False, description="a panel for every block, beside the overall one")

    @model_validator(mode="after")
    def _consistent(self) -> "PlausibilityFigureSpec":
        _check_models(self.models)
        _check_distinct("metrics", self.metrics)
        return self

    @property
    def probes(self) -> tuple[str, ...]:
        """The probe and its control with shuffled labels."""
        return (self.probe, self.probe + SHUFFLED_SUFFIX)

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


def _check_models(models: Iterable[str]) -> None:
    _check_distinct("models", models)
    for model in models:
        if model.endswith(UNTRAINED_SUFFIX):
            raise ValueError(
                f"models names {model!r}: an untrained control is drawn beside its model; "
                f"write {model.removesuffix(UNTRAINED_SUFFIX)!r}"
            )


def _check_distinct(field: str, names: Iterable[str]) -> None:
    listed = list(names)
    twice = sorted({name for name in listed if listed.count(name) > 1})
    if twice:
        raise ValueError(f"{field} names {', '.join(twice)} more than once")
