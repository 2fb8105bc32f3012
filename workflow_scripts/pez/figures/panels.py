"""One panel of layer curves: series with fold bands, markers, and what lies below the axis."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pez.figures.spec import FigureStyle
from pez.figures.style import SMALL

TOP = 1.03  # of the R2 axis: R2 never exceeds 1
_STRIP = 0.13  # share of the axis under the floor, where lower values are marked
PEZ_LINE: dict[str, Any] = {"linewidth": 1.1, "linestyle": (0, (1, 1.2))}
LEVEL_LINES: dict[str, dict[str, Any]] = {  # scores that do not depend on the layer
    "chance": {"linewidth": 0.9, "linestyle": "-"},
    "ceiling": {"linewidth": 1.1, "linestyle": (0, (6, 2.5))},
}
# Rings around layers with ties, one in another, so that series that tie alike stay visible.
_RINGS = {"validation": 3.0, "nested": 4.4, "untrained": 5.8, "shuffled": 7.2}


def axis_floor(table: pd.DataFrame, lowest_allowed: float) -> tuple[float, float]:
    """Lowest R2 on the axis, and the axis limit: lower still if a strip for lower values is needed.

    Args:
        table: series of one row of panels, which share their axis.
        lowest_allowed: R2 below which values are marked instead of drawn.
    """
    lowest = float(np.nanmin([0.0, table["mean"].min(), table["band_low"].min()]))
    floor = max(lowest_allowed, lowest - 0.03)
    if not bool((table["mean"] < floor).any()):
        return floor, floor
    return floor, floor - _STRIP / (1 - _STRIP) * (TOP - floor)


def draw_r2_panel(
    axes: Axes, rows: pd.DataFrame, floor: float, bottom: float, style: FigureStyle
) -> None:
    """Draw the R2 series of one panel; every artist's gid is ``model/probe/series``.

    Args:
        axes: where; its limits are set.
        rows: series of one model and probe.
        floor: lowest R2 that is drawn.
        bottom: lower limit of the axis; below ``floor`` if any panel of the row needs the strip.
        style: colours and sizes.
    """
    prefix = f"{rows['model'].iloc[0]}/{rows['probe'].iloc[0]}"
    if floor <= 0:
        axes.axhline(0, color="#9A9A9A", linewidth=0.6, zorder=1)
    draw_series(axes, rows, prefix, floor, style)
    if bottom < floor:
        _draw_strip(axes, rows, prefix, floor, bottom, style)


def draw_series(
    axes: Axes, rows: pd.DataFrame, prefix: str, floor: float, style: FigureStyle
) -> None:
    """Draw every series of ``rows``; the artists' gids are ``{prefix}/{series}``.

    Args:
        axes: where; its limits are set.
        rows: what is drawn in one panel.
        prefix: of the gids.
        floor: lowest score that is drawn.
        style: colours and sizes.
    """
    above_floor = Rectangle((-1, floor), 3, TOP - floor, transform=axes.transData)
    for name, part in rows.groupby("series", sort=False):
        series = str(name)
        gid, colour = f"{prefix}/{series}", colour_of(series, style)
        if series == "pez":
            at = part["layer_fraction"].iloc[0]
            axes.axvline(at, color=colour, zorder=1.5, gid=gid, **PEZ_LINE)
        elif series in LEVEL_LINES:
            level = part["mean"].iloc[0]
            axes.axhline(level, color=colour, zorder=1.4, gid=gid, **LEVEL_LINES[series])
        elif series == "reference":
            _draw_references(axes, part, colour, gid)
        else:
            _draw_curve(axes, part, series, colour, gid, above_floor)
            if "tie_share" in part:
                _draw_ties(axes, part[part["tie_share"] > 0], series, colour, gid)


def colour_of(series: str, style: FigureStyle) -> str:
    """Colour of a series."""
    if series == "chance":
        return "#9A9A9A"
    role = {"peak": "reference", "ties": "validation"}.get(series, series)
    return str(getattr(style.colours, role))


def _draw_curve(
    axes: Axes, part: pd.DataFrame, series: str, colour: str, gid: str, clip: Rectangle
) -> None:
    x = part["layer_fraction"].to_numpy()
    if part["band_low"].notna().any():
        band = axes.fill_between(
            x,
            part["band_low"].to_numpy(),
            part["band_high"].to_numpy(),
            color=colour,
            alpha=0.18 if series == "validation" else 0.14,
            linewidth=0,
            zorder=2,
        )
        band.set_gid(f"{gid}/band")
        band.set_clip_path(clip)
    (line,) = axes.plot(x, part["mean"].to_numpy(), color=colour, gid=gid, **line_style(series))
    line.set_clip_path(clip)


def line_style(series: str) -> dict[str, Any]:
    """Line style of a series; they differ in more than colour."""
    if series == "validation":
        return {"linewidth": 1.4, "marker": "o", "markersize": 2.4, "zorder": 4}
    if series == "nested":
        return {"linewidth": 0.8, "zorder": 5}
    if series == "shuffled":
        return {"linewidth": 1.0, "linestyle": (0, (3, 1.2, 1, 1.2)), "zorder": 3}
    return {"linewidth": 1.1, "linestyle": "--", "zorder": 3}


def tie_ring(series: str) -> dict[str, Any]:
    """Style of the mark of a layer with ties; that of `validation` hides the dot of the curve."""
    return {
        "linestyle": "none",
        "marker": "o",
        "markersize": _RINGS[series],
        "markerfacecolor": "white" if series == "validation" else "none",
        "markeredgewidth": 0.8,
        "zorder": 5.5,
    }


def _draw_ties(axes: Axes, tied: pd.DataFrame, series: str, colour: str, gid: str) -> None:
    """Ring the layers with ties; a bar up to the score that they would give if they were right."""
    if tied.empty:
        return
    x, mean = tied["layer_fraction"].to_numpy(), tied["mean"].to_numpy()
    if series == "validation":
        bars = axes.vlines(x, mean, mean + tied["tie_share"].to_numpy(), colors=colour)
        bars.set(gid=f"{gid}/tie_share", linewidth=0.8, zorder=5.4)
    axes.plot(x, mean, color=colour, gid=f"{gid}/ties", clip_on=False, **tie_ring(series))


def _draw_references(axes: Axes, part: pd.DataFrame, colour: str, gid: str) -> None:
    is_peak = part["note"].str.startswith("peak")
    for rows, name, marker in ((part[~is_peak], gid, "s"), (part[is_peak], f"{gid}/peak", "^")):
        axes.plot(
            rows["layer_fraction"].to_numpy(),
            rows["mean"].to_numpy(),
            gid=name,
            color=colour,
            clip_on=False,
            **hollow(marker),
        )


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


def _draw_strip(
    axes: Axes,
    rows: pd.DataFrame,
    prefix: str,
    floor: float,
    bottom: float,
    style: FigureStyle,
) -> None:
    """Mark, in a grey strip at the foot of the panel, the values that lie below the axis."""
    height = floor - bottom
    axes.axhspan(bottom, floor, color="#EFEFEF", linewidth=0, zorder=0.5)
    axes.axhline(floor, color="#9A9A9A", linewidth=0.5, linestyle=":", zorder=1)
    low = rows[rows["mean"] < floor]
    if low.empty:
        return
    for series, part in low.groupby("series", sort=False):
        axes.plot(
            part["layer_fraction"].to_numpy(),
            np.full(len(part), bottom + 0.72 * height),
            gid=f"{prefix}/{series}/below",
            linestyle="none",
            marker="v",
            markersize=3.2,
            markerfacecolor="none" if series == "untrained" else None,
            markeredgewidth=0.7,
            color=colour_of(str(series), style),
            zorder=6,
        )
    axes.text(
        0.985,
        bottom + 0.25 * height,
        f"▾ below {floor:.2g}; lowest {low['mean'].min():.2f}".replace("-", "\N{MINUS SIGN}"),
        fontsize=style.font_pt * SMALL * 0.92,
        color="#333333",
        ha="right",
        va="center",
    )
