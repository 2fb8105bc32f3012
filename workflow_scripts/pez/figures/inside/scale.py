"""The scale of a map: which colour is which value."""

from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from pez.figures.audit.sheet import INK, Sheet
from pez.figures.spec import FigureStyle
from pez.figures.style import SMALL


def draw_scale(
    sheet: Sheet,
    image: AxesImage,
    place: tuple[float, float, float, float],
    label: str,
    style: FigureStyle,
) -> Axes:
    """Draw the scale of ``image`` into ``place`` of the body (left, top, width, height)."""
    axes = sheet.axes(*place)
    bar = sheet.figure.colorbar(image, cax=axes, orientation="horizontal")
    bar.outline.set_linewidth(0.4)
    axes.grid(False)
    axes.tick_params(labelsize=style.font_pt * SMALL * 0.92, pad=1.5)
    axes.set_xlabel(label, fontsize=style.font_pt * SMALL, color=INK, labelpad=1.0)
    return axes
