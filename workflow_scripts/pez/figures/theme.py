"""The dark theme: a figure that was drawn on white, with the lightness of its colours turned over.

Drawings name their colours for a white ground. Here black becomes white and white a dark grey; a
dark colour of a curve keeps its hue and grows lighter. So no drawing has to know of themes. Colour
maps keep their colours: they mean numbers.
"""

from collections.abc import Sequence
from colorsys import hls_to_rgb, rgb_to_hls

import numpy as np
from matplotlib.artist import Artist, getp
from matplotlib.collections import Collection
from matplotlib.colors import is_color_like, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

GROUND = 0.1  # lightness of what was white
_GREY = 0.1  # saturation up to which a colour is a grey
_OF_A_LINE = ("color", "markerfacecolor", "markeredgecolor")
_OF_AN_AREA = ("facecolor", "edgecolor")
_Colour = tuple[float, ...]


def dark(colour: object) -> _Colour:
    """RGBA of ``colour``, any that matplotlib knows, on a dark ground: same hue, opacity kept."""
    red, green, blue, alpha = to_rgba(colour)  # type: ignore[arg-type]
    hue, lightness, saturation = rgb_to_hls(red, green, blue)
    turned = 1 - (1 - GROUND) * lightness
    if saturation > _GREY:  # a light colour is light enough
        turned = max(turned, lightness)
    return (*hls_to_rgb(hue, turned, saturation), alpha)


def darken(figure: Figure) -> None:
    """Turn ``figure`` dark, in place."""
    for artist in figure.findobj(include_self=True):
        # all are read before one is set: a marker without a colour of its own has its line's
        found = {name: getp(artist, name) for name in _names(artist)}
        artist.set(**{name: _all_dark(colour) for name, colour in found.items()})


def _names(artist: Artist) -> Sequence[str]:
    """Properties of ``artist`` that hold colours of its own."""
    match artist:
        case Line2D():
            return _OF_A_LINE
        case Text():
            return ("color",)
        case Collection() if artist.get_array() is None:
            return _OF_AN_AREA
        case Patch():
            return _OF_AN_AREA
    return ()


def _all_dark(colour: object) -> object:
    if isinstance(colour, np.ndarray) and colour.ndim == 2:  # of a collection, one a row
        return [dark(one) for one in colour]
    return dark(colour) if is_color_like(colour) else colour
