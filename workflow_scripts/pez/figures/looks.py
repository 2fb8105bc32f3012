"""How everything in a panel looks: colours tell protocols or models apart, styles the controls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pez.controls.control import Look
from pez.controls.registry import find_control
from pez.emergence.readout import TRAINED
from pez.figures.spec import FigureStyle

OWN = Look("", {"linewidth": 1.4, "marker": "o", "markersize": 2.4, "zorder": 4}, 0.18, 3.0)
OTHER_SELECTION = Look(
    "the same fits, picked the other way", {"linewidth": 0.7, "zorder": 3.5}, None, 4.4
)
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
        by: what colours tell apart.
        colours: colour of every protocol or model.
    """

    by: Literal["protocol", "model"]
    colours: Mapping[str, str]

    @classmethod
    def of(
        cls, by: Literal["protocol", "model"], names: Sequence[str], style: FigureStyle
    ) -> "Palette":
        """Give every name a colour of the style, in order, from the start again where they end."""
        colours = style.colours.curves
        return cls(by, {name: colours[i % len(colours)] for i, name in enumerate(names)})


def look_of(kind: str, control: str) -> Look:
    """Look of a curve of ``control``; ``kind`` as in `pez.figures.series`."""
    if kind == "selection":
        return OTHER_SELECTION
    return OWN if control == TRAINED else find_control(control).look


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
