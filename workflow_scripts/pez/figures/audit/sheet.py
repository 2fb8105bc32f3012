"""The sheet that all pictures of the audit share: title, whose weights, body, legend, caption."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pez.figures.page import draw_legend, legend_layout, write
from pez.figures.spec import FigureStyle
from pez.figures.style import MM_PER_INCH, SMALL, new_figure, text_width_mm, wrap

MARGIN = 2.0  # millimetres of white at the left and right edge
_LINE_PER_PT = 0.47  # height of a line of text per point of its size, millimetres
_TITLE = 1.15  # size of the title relative to the font

UNTRAINED_GREY = "#9A9A9A"
UNTRAINED_DASHES = (0, (4, 1.6))  # as in all figures: `pez.controls.kinds.untrained`
PALE_GREY = "#E3E3E3"
INK = "#333333"


@dataclass(frozen=True)
class Made:
    """Whose curves a picture shows.

    Attributes:
        model: name of the model, or of what stands for one.
        weights: whose weights they are, in words.
        clips: which clips, in words.
        seeds: number of untrained networks beside it.
    """

    model: str
    weights: str
    clips: str
    seeds: int = 0

    @property
    def heading(self) -> str:
        """The line under the title."""
        return f"{self.model}: {self.weights}"


@dataclass(frozen=True)
class Picture:
    """A picture before it is written: the drawing, exactly what is drawn, and what it says."""

    figure: Figure
    table: pd.DataFrame
    caption: str


@dataclass(frozen=True)
class Sheet:
    """An open sheet.

    Attributes:
        figure: the whole.
        body_top: upper edge of the body below that of the figure, millimetres.
        body: height of the body, millimetres.
        width: of the figure, millimetres.
    """

    figure: Figure
    body_top: float
    body: float
    width: float

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Add axes to the body; all in millimetres, ``top`` from its upper edge."""
        whole, tall = self.figure.get_size_inches() * MM_PER_INCH
        foot = self.body_top + top + height
        return self.figure.add_axes((left / whole, 1 - foot / tall, width / whole, height / tall))


def open_sheet(
    title: str,
    made: Made,
    caption: str,
    body_mm: float,
    style: FigureStyle,
    legend: Sequence[Line2D] = (),
    wide: bool = False,
) -> Sheet:
    """Lay out a sheet and write everything but its body; call inside `pez.figures.style.styled`.

    Args:
        title: one line.
        made: whose curves.
        caption: what is drawn, below the body.
        body_mm: height of the body with its axis labels.
        style: sizes and colours.
        legend: entries between body and caption.
        wide: as wide as the page, and at least 150 mm, instead of a column.

    Raises:
        ValueError: the title does not fit on one line.
    """
    width = style.sheet_mm if wide else style.column_mm
    usable, small = width - 2 * MARGIN, style.font_pt * SMALL
    line = style.font_pt * _LINE_PER_PT
    if text_width_mm(title, style.font_pt * _TITLE, "bold") > usable:
        raise ValueError(f"the title {title!r} does not fit into one line of {usable:g} mm")
    heading = wrap(made.heading, usable, small)
    text = wrap(caption, usable, small) if style.captions else []
    columns, labels = legend_layout(legend, usable, small) if legend else (1, [])
    rows = -(-len(labels) // columns)
    legend_height = rows * line * 1.05 + 1.0 if legend else 0.0
    top = 2.5 + line * 1.25 + len(heading) * line * SMALL + 1.5
    height = top + body_mm + legend_height + 1.5 + len(text) * line * SMALL + 1.5
    figure = new_figure(width, height, style)
    write(figure, MARGIN, 1.5, title, style.font_pt * _TITLE, weight="bold")
    write(figure, MARGIN, 2.0 + line * 1.25, "\n".join(heading), small, colour=INK)
    if legend:
        draw_legend(figure, top + body_mm, legend, labels, columns)
    write(figure, MARGIN, top + body_mm + legend_height + 1.5, "\n".join(text), small, colour=INK)
    return Sheet(figure, top, body_mm, width)


def depth_ticks(axes: Axes, which: str = "x") -> None:
    """Label an axis of depth, 0 to 1."""
    ticks = (0.0, 0.25, 0.5, 0.75, 1.0)
    setter = axes.set_xticks if which == "x" else axes.set_yticks
    setter(ticks, [f"{tick:g}" for tick in ticks])


def sentence(text: str) -> str:
    """``text`` with a capital."""
    return text[:1].upper() + text[1:]


def apart(values: Sequence[float], distance: float) -> list[float]:
    """Places for labels of increasing ``values`` that are at least ``distance`` from one another.

    Labels that are too close move apart about their common middle.
    """
    groups = [[value] for value in values]
    centres = list(values)
    while True:
        for i in range(len(groups) - 1):
            reach = distance * (len(groups[i]) + len(groups[i + 1])) / 2
            if centres[i + 1] - centres[i] < reach - 1e-12:
                groups[i : i + 2] = [groups[i] + groups[i + 1]]
                centres[i : i + 2] = [sum(groups[i]) / len(groups[i])]
                break
        else:
            break
    return [
        centre + distance * (place - (len(group) - 1) / 2)
        for centre, group in zip(centres, groups, strict=True)
        for place in range(len(group))
    ]


def handle(label: str, colour: str, **look: Any) -> Line2D:
    """A legend entry."""
    return Line2D([], [], label=label, color=colour, **look)


def patch(label: str, colour: str, **look: Any) -> Line2D:
    """A legend entry for an area."""
    return handle(
        label, colour, linestyle="none", marker="s", markersize=5, markeredgewidth=0, **look
    )
