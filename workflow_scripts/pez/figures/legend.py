"""Legend entries of what a figure draws."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.lines import Line2D

from pez.controls.registry import find_control
from pez.evidence.schema import NO_CONTROL
from pez.figures.looks import (
    GREY,
    LEVEL_LINES,
    NEUTRAL,
    OWN,
    PEZ_LINE,
    Palette,
    hollow,
    tie_ring,
)
from pez.figures.spec import FigureStyle

_LEVELS = {
    "chance": "chance: 50 %; band: 95 % of fair coins",
    "ceiling": "75 %: the most a probe of additive features can reach",
}


def legend_handles(
    table: pd.DataFrame, palette: Palette, words: Mapping[tuple[str, ...], str], style: FigureStyle
) -> list[Line2D]:
    """Entries for everything in ``table``: curves by colour, controls by style, then the rest.

    Args:
        table: what the figure draws.
        palette: colours of its curves.
        words: what to call every choice or model of the palette.
        style: the other colours.
    """
    curves = table[table["kind"] == "curve"]
    handles = [_line(words[name], colour, OWN.line) for name, colour in palette.colours.items()]
    controls = (name for name in curves["control"].unique() if name != NO_CONTROL)
    looks = [find_control(name).look for name in controls]
    handles += [_line(look.label, NEUTRAL, look.line) for look in looks]
    if (curves["tie_share"] > 0).any():
        look = {**tie_ring(OWN), "linestyle": "-", "linewidth": 0.8}
        handles.append(_line("some scenes tie (counted as wrong); bar: if right", NEUTRAL, look))
    level_colours = {"chance": GREY, "ceiling": style.colours.ceiling}
    for kind, label in _LEVELS.items():
        if (table["kind"] == kind).any():
            classes = kind == "chance" and (table["metric"] == "accuracy").any()
            label = "chance: share of the largest class" if classes else label
            handles.append(_line(label, level_colours[kind], LEVEL_LINES[kind]))
    if (table["kind"] == "pez").any():
        handles.append(_line("PEZ marker: one third of depth", style.colours.pez, PEZ_LINE))
    if (table["kind"] == "reference").any():
        colour = style.colours.reference
        handles += [
            _line("third-party values: single layers", colour, hollow("s")),
            _line("third-party value: peak", colour, hollow("^")),
        ]
    return handles


def _line(label: str, colour: str, look: Mapping[str, Any]) -> Line2D:
    return Line2D([], [], color=colour, label=label, **look)
