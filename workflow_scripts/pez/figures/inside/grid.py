"""Panels in rows and columns, and courses in them with the range over draws of clips."""

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pez.figures.audit.sheet import Made, Sheet, open_sheet
from pez.figures.spec import FigureStyle

Row = TypeVar("Row", bound=Hashable)
Column = TypeVar("Column", bound=Hashable)

_LEFT, _RIGHT, _GAP, _HEAD, _FOOT = 12.0, 2.5, 9.0, 5.0, 8.5  # millimetres
_BAND = 0.2  # opacity


def open_grid(
    title: str,
    made: Made,
    caption: str,
    rows: Sequence[Row],
    columns: Sequence[Column],
    style: FigureStyle,
    legend: Sequence[Line2D],
) -> tuple[Sheet, dict[tuple[Row, Column], Axes]]:
    """Open a sheet as wide as the page with a panel for every row and column.

    Returns:
        The sheet, and the panels by row and column.
    """
    step = _HEAD + style.panel_height_mm + _FOOT
    sheet = open_sheet(title, made, caption, step * len(rows), style, legend, wide=True)
    width = (sheet.width - _LEFT - _RIGHT - _GAP * (len(columns) - 1)) / len(columns)
    panels = {
        (row, column): sheet.axes(
            _LEFT + place * (width + _GAP), line * step + _HEAD, width, style.panel_height_mm
        )
        for line, row in enumerate(rows)
        for place, column in enumerate(columns)
    }
    return sheet, panels


def draw_course(
    axes: Axes, rows: pd.DataFrame, x: str, colour: str, name: str, **look: Any
) -> None:
    """Draw ``value`` against ``x``, and ``low`` to ``high`` as a band, with ``name`` as its id."""
    ordered = rows.sort_values(x)
    places = ordered[x].to_numpy(float)
    axes.plot(places, ordered["value"].to_numpy(float), color=colour, gid=name, **look)
    low, high = (ordered[side].to_numpy(float) for side in ("low", "high"))
    if (high > low).any():
        axes.fill_between(
            places, low, high, color=colour, alpha=_BAND, linewidth=0, gid=f"{name}/range"
        )


def ink(style: FigureStyle, number: int) -> str:
    """Colour number ``number`` of the style, from the start again where they end."""
    colours = (*style.colours.curves, style.colours.ceiling)
    return colours[number % len(colours)]


def told(model: str, models: Sequence[str], words: str) -> str:
    """Title of a panel, with its model where there are several."""
    return f"{model}: {words}" if len(models) > 1 else words
