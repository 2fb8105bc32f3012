"""The style that all figures share, and how they reach the disk: the same bytes every time."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from pez.figures.spec import FigureStyle
from pez.figures.theme import darken
from pez.runtime.atomic import atomic_path

MM_PER_INCH = 25.4
MEASURING_DPI = 300
SMALL = 0.88  # size of captions and tick labels relative to the font


@contextmanager
def styled(style: FigureStyle) -> Iterator[None]:
    """Draw with ``style`` inside the block; the user's own matplotlibrc has no say."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "font.family": "DejaVu Sans",  # shipped with matplotlib: equal on every machine
                "font.size": style.font_pt,
                "axes.titlesize": style.font_pt,
                "axes.labelsize": style.font_pt,
                "axes.linewidth": 0.6,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.grid": True,
                "axes.grid.axis": "y",
                "axes.axisbelow": True,
                "grid.color": "#E3E3E3",
                "grid.linewidth": 0.5,
                "xtick.labelsize": style.font_pt * SMALL,
                "ytick.labelsize": style.font_pt * SMALL,
                "xtick.major.width": 0.6,
                "ytick.major.width": 0.6,
                "xtick.major.size": 2.5,
                "ytick.major.size": 2.5,
                "legend.fontsize": style.font_pt * SMALL,
                "legend.frameon": False,
                "text.hinting": "none",  # else the width of a text depends on the resolution
                "svg.hashsalt": "pez",
                "svg.fonttype": "path",
                "pdf.fonttype": 42,  # letters stay letters
            }
        )
        yield


def new_figure(width_mm: float, height_mm: float, style: FigureStyle) -> Figure:
    """An empty figure of the given size."""
    size = (width_mm / MM_PER_INCH, height_mm / MM_PER_INCH)
    figure = Figure(figsize=size, dpi=style.dpi, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


@cache
def _measuring_renderer() -> RendererAgg:
    return RendererAgg(1, 1, MEASURING_DPI)


def text_width_mm(text: str, font_pt: float, weight: str = "normal") -> float:
    """Width of one line of ``text`` in the figures' font; call inside `styled`."""
    font = FontProperties(family="DejaVu Sans", size=font_pt, weight=weight)
    pixels, _, _ = _measuring_renderer().get_text_width_height_descent(text, font, ismath=False)
    return pixels / MEASURING_DPI * MM_PER_INCH


def wrap(text: str, width_mm: float, font_pt: float, weight: str = "normal") -> list[str]:
    """Break ``text`` into lines that are at most ``width_mm`` wide; call inside `styled`."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width_mm(longer, font_pt, weight) <= width_mm:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def save_figure(
    figure: Figure, png: Path, svg: Path, pdf: Path, description: str, style: FigureStyle
) -> None:
    """Write ``figure`` as PNG, SVG and PDF with its ``description``, without dates or versions.

    The description is the PNG's text chunk and the SVG's metadata of that name, and the subject of
    the PDF. A dark theme changes the colours of ``figure``.
    """
    if style.theme == "dark":
        darken(figure)
    known = {"Description": description}
    with atomic_path(png) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None, **known})
    with atomic_path(svg) as temporary:
        figure.savefig(temporary, format="svg", metadata={"Date": None, "Creator": None, **known})
    nameless = dict.fromkeys(("CreationDate", "Creator", "Producer"))
    with atomic_path(pdf) as temporary:
        figure.savefig(temporary, format="pdf", metadata={**nameless, "Subject": description})
