"""Legend entries of the series that a figure draws."""

from collections.abc import Iterable, Mapping

from matplotlib.lines import Line2D

from pez.figures.panels import LEVEL_LINES, PEZ_LINE, colour_of, hollow, line_style, tie_ring
from pez.figures.spec import FigureStyle


def legend_handles(
    labels: Mapping[str, str], present: Iterable[str], style: FigureStyle
) -> list[Line2D]:
    """Entries of ``labels`` (by series, in order) whose series is ``present``.

    Besides the series of the tables there are ``peak``, a reference point of its own shape, and
    ``ties``, the mark of layers with ties.
    """
    shown = set(present)
    return [
        _handle(series, label, style)
        for series, label in labels.items()
        if ("reference" if series == "peak" else series) in shown
    ]


def _handle(series: str, label: str, style: FigureStyle) -> Line2D:
    if series == "pez":
        look = PEZ_LINE
    elif series in LEVEL_LINES:
        look = LEVEL_LINES[series]
    elif series == "ties":
        look = {**tie_ring("validation"), "linestyle": "-", "linewidth": 0.8}
    elif series in ("reference", "peak"):
        look = hollow("^" if series == "peak" else "s")
    else:
        look = line_style(series)
    return Line2D([], [], color=colour_of(series, style), label=label, **look)
