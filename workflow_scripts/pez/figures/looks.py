"""How everything in a panel looks: colours tell choices or models apart, styles the controls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pez.controls.control import Look
from pez.controls.registry import find_control
from pez.evidence.schema import NO_CONTROL
from pez.figures.spec import FigureStyle
from pez.recipes.recipe import Recipe

OWN = Look("", {"linewidth": 1.4, "marker": "o", "markersize": 2.4, "zorder": 4}, 0.18, 3.0)
PEZ_LINE: dict[str, Any] = {"linewidth": 1.1, "linestyle": (0, (1, 1.2))}
LEVEL_LINES: dict[str, dict[str, Any]] = {  # scores that do not depend on the layer
    "chance": {"linewidth": 0.9, "linestyle": "-"},
    "ceiling": {"linewidth": 1.1, "linestyle": (0, (6, 2.5))},
}
GREY = "#9A9A9A"
CHANCE_BAND = "#E9E9E9"
NEUTRAL = "#404040"  # legend entries that stand for curves of every colour


@dataclass(frozen=True)
class Palette:
    """Which colour a curve has.

    Attributes:
        by: columns whose values colours tell apart.
        colours: colour of every combination of values that is drawn.
    """

    by: tuple[str, ...]
    colours: Mapping[tuple[str, ...], str]

    @classmethod
    def of_choices(cls, recipes: Sequence[Recipe], style: FigureStyle) -> "Palette":
        """A colour for every protocol of ``recipes`` under every selection: all of equal rank."""
        keys = [
            (recipe.protocol, selection)
            for recipe in recipes
            for selection in recipe.spec.selections
        ]
        return cls._of(("protocol", "selection"), keys, style)

    @classmethod
    def of_models(cls, models: Sequence[str], style: FigureStyle) -> "Palette":
        """A colour for every model."""
        return cls._of(("model",), [(model,) for model in models], style)

    @classmethod
    def _of(
        cls, by: tuple[str, ...], keys: Sequence[tuple[str, ...]], style: FigureStyle
    ) -> "Palette":
        """Colours of the style, in order, from the start again where they end."""
        colours = style.colours.curves
        names = dict.fromkeys(keys)
        return cls(by, {name: colours[i % len(colours)] for i, name in enumerate(names)})

    def of(self, curve: pd.DataFrame) -> str:
        """Colour of the curve in these rows."""
        return self.colours[tuple(curve.iloc[0][list(self.by)])]


def look_of(control: str) -> Look:
    """Look of a curve of ``control``."""
    return OWN if control == NO_CONTROL else find_control(control).look


def as_drawn(series: pd.DataFrame) -> pd.DataFrame:
    """``series`` without the bands of curves that are drawn without one."""
    bare = {name for name in series["control"].dropna().unique() if look_of(name).band is None}
    table = series.copy()
    table.loc[table["control"].isin(bare), ["band_low", "band_high"]] = np.nan
    return table


def tie_ring(look: Look) -> dict[str, Any]:
    """Style of the mark of a layer with ties; that of the model's own curve hides its dot."""
    return {
        "linestyle": "none",
        "marker": "o",
        "markersize": look.ring,
        "markerfacecolor": "white" if look is OWN else "none",
        "markeredgewidth": 0.8,
        "zorder": 5.5,
    }


def hollow(marker: str) -> dict[str, Any]:
    """Style of a reference point."""
    return {
        "linestyle": "none",
        "marker": marker,
        "markersize": 4.0,
        "markerfacecolor": "none",
        "markeredgewidth": 0.8,
        "zorder": 6,
    }
