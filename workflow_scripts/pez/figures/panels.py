"""One panel: curves with fold bands, markers, levels, and what lies below the axis."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pez.controls.control import Look
from pez.evidence.schema import NO_CONTROL
from pez.figures.looks import (
    CHANCE_BAND,
    GREY,
    LEVEL_LINES,
    OWN,
    PEZ_LINE,
    Palette,
    hollow,
    look_of,
    tie_ring,
)
from pez.figures.spec import FigureStyle
from pez.figures.style import MM_PER_INCH, SMALL, text_width_mm

TOP = 1.03  # of the R2 axis: R2 never exceeds 1
_STRIP = 0.13  # share of the axis under the floor, where lower values are marked
_CURVE = ["model", "protocol", "selection", "control"]


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
    axes: Axes,
    rows: pd.DataFrame,
    floor: float,
    bottom: float,
    palette: Palette,
    style: FigureStyle,
) -> None:
    """Draw one panel of R2: see `draw_panel`, and a mark for every value below the axis.

    Args:
        axes: where; its limits are set.
        rows: what is drawn.
        floor: lowest R2 that is drawn.
        bottom: lower limit of the axis; below ``floor`` if any panel of the row needs the strip.
        palette: colours of the curves.
        style: sizes, and the other colours.
    """
    if floor <= 0:
        axes.axhline(0, color=GREY, linewidth=0.6, zorder=1)
    draw_panel(axes, rows, floor, palette, style)
    if bottom < floor:
        _draw_strip(axes, rows, floor, bottom, palette, style)


def draw_panel(
    axes: Axes, rows: pd.DataFrame, floor: float, palette: Palette, style: FigureStyle
) -> None:
    """Draw everything in ``rows``.

    The gid of a curve is ``model/probe/protocol/selection/control``, of anything else
    ``model/probe/kind``.

    Args:
        axes: where; its limits are set.
        rows: what is drawn in one panel, columns `pez.emergence.series.COLUMNS`.
        floor: lowest score that is drawn.
        palette: colours of the curves.
        style: the other colours.
    """
    above_floor = Rectangle((-1, floor), 3, TOP - floor, transform=axes.transData)
    for kind, part in rows.groupby("kind", sort=False):
        first = part.iloc[0]
        gid = f"{first['model']}/{first['probe']}/{kind}"
        if kind == "pez":
            for at in part["depth"].unique():
                axes.axvline(at, color=style.colours.pez, zorder=1.5, gid=gid, **PEZ_LINE)
        elif kind in LEVEL_LINES:
            _draw_level(axes, str(kind), first, style, gid)
        elif kind == "reference":
            _draw_references(axes, part, style.colours.reference, gid)
        else:
            for _, curve in part.groupby(_CURVE, sort=False):
                _draw_curve(axes, curve, palette, above_floor)


def curve_gid(curve: pd.DataFrame) -> str:
    """Name of the artist of the curve in these rows."""
    first = curve.iloc[0]
    return "/".join(first[["model", "probe", "protocol", "selection", "control"]])


def _look(curve: pd.DataFrame) -> Look:
    return look_of(curve["control"].iloc[0])


def _draw_curve(axes: Axes, curve: pd.DataFrame, palette: Palette, clip: Rectangle) -> None:
    look, colour, gid = _look(curve), palette.of(curve), curve_gid(curve)
    x, mean = curve["depth"].to_numpy(), curve["mean"].to_numpy()
    if look.band is not None:
        low, high = curve["band_low"].to_numpy(), curve["band_high"].to_numpy()
        band = axes.fill_between(
            x, low, high, color=colour, alpha=look.band, linewidth=0, zorder=2, gid=f"{gid}/band"
        )
        band.set_clip_path(clip)
    (line,) = axes.plot(x, mean, color=colour, gid=gid, **look.line)
    line.set_clip_path(clip)
    tied = curve[curve["tie_share"] > 0]
    if not tied.empty:
        _draw_ties(axes, tied, look, colour, gid)


def _draw_ties(axes: Axes, tied: pd.DataFrame, look: Look, colour: str, gid: str) -> None:
    """Ring the layers with ties; a bar up to the score that they would give if they were right."""
    x, mean = tied["depth"].to_numpy(), tied["mean"].to_numpy()
    if look is OWN:
        bars = axes.vlines(x, mean, mean + tied["tie_share"].to_numpy(), colors=colour)
        bars.set(gid=f"{gid}/tie_share", linewidth=0.8, zorder=5.4)
    axes.plot(x, mean, color=colour, gid=f"{gid}/ties", clip_on=False, **tie_ring(look))


def _draw_level(axes: Axes, kind: str, row: pd.Series, style: FigureStyle, gid: str) -> None:
    colour = GREY if kind == "chance" else style.colours.ceiling
    if np.isfinite(row["band_low"]):
        axes.axhspan(
            row["band_low"], row["band_high"], color=CHANCE_BAND, linewidth=0, zorder=0.6,
            gid=f"{gid}/band",
        )  # fmt: skip
    axes.axhline(row["mean"], color=colour, zorder=1.4, gid=gid, **LEVEL_LINES[kind])


def _draw_references(axes: Axes, part: pd.DataFrame, colour: str, gid: str) -> None:
    is_peak = part["note"].str.startswith("peak")
    for rows, name, marker in ((part[~is_peak], gid, "s"), (part[is_peak], f"{gid}/peak", "^")):
        axes.plot(
            rows["depth"].to_numpy(),
            rows["mean"].to_numpy(),
            gid=name,
            color=colour,
            clip_on=False,
            **hollow(marker),
        )


def _draw_strip(
    axes: Axes,
    rows: pd.DataFrame,
    floor: float,
    bottom: float,
    palette: Palette,
    style: FigureStyle,
) -> None:
    """Mark, in a grey strip at the foot of the panel, the values that lie below the axis."""
    height = floor - bottom
    axes.axhspan(bottom, floor, color="#EFEFEF", linewidth=0, zorder=0.5)
    axes.axhline(floor, color=GREY, linewidth=0.5, linestyle=":", zorder=1)
    low = rows[rows["mean"] < floor]
    if low.empty:
        return
    for _, part in low[low["kind"] == "curve"].groupby(_CURVE, sort=False):
        axes.plot(
            part["depth"].to_numpy(),
            np.full(len(part), bottom + 0.72 * height),
            gid=f"{curve_gid(part)}/below",
            linestyle="none",
            marker="v",
            markersize=3.2,
            markerfacecolor=None if part["control"].iloc[0] == NO_CONTROL else "none",
            markeredgewidth=0.7,
            color=palette.of(part),
            zorder=6,
        )
    size = style.font_pt * SMALL * 0.92
    told = f"▾ below {floor:.2g}; lowest {low['mean'].min():.2f}"
    if text_width_mm(told, size) > 0.97 * axes.bbox.width / axes.figure.dpi * MM_PER_INCH:
        told = f"▾ lowest {low['mean'].min():.2f}"
    axes.text(
        0.985,
        bottom + 0.25 * height,
        told.replace("-", "\N{MINUS SIGN}"),
        fontsize=size,
        color="#333333",
        ha="right",
        va="center",
    )
