"""Figures 2(b) and 2(c) of arXiv 2602.07050: R2 of motion probes against layer fraction.

Both are one drawing: a row of panels per model, a panel per probe. They differ in their probes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from pez.figures.spec import FigureSpec, FigureStyle
from pez.figures.style import MM_PER_INCH, SMALL, new_figure, wrap

# Layout in millimetres.
_LEFT, _RIGHT, _GAP = 11.0, 2.5, 4.0
_ROW_HEAD, _AXIS_FOOT, _LABEL_FOOT = 9.5, 5.5, 4.0
_LINE_PER_PT = 0.47  # height of a line of text per point of its size

_TOP = 1.03  # R2 never exceeds 1
_STRIP = 0.13  # share of the axis under the floor, where lower values are marked
_LEGEND = {
    "validation": "validation selection, +-1 s.d.",
    "nested": "nested selection",
    "untrained": "untrained network, +-1 s.d.",
    "pez": "PEZ marker: one third of depth",
    "reference": "third-party reproduction: layers 0, 8 and last",
    "peak": "third-party reproduction: peak",
}


def draw_figure2(
    table: pd.DataFrame,
    spec: FigureSpec,
    style: FigureStyle,
    row_titles: Mapping[str, str],
    panel_titles: Mapping[str, str],
    caption: str,
) -> Figure:
    """Draw the series of ``table`` (columns `pez.figures.series.COLUMNS`).

    Every artist's gid is ``model/probe/series``. Call inside `pez.figures.style.styled`.

    Args:
        table: what is drawn.
        spec: order of rows and panels, and the floor of the R2 axis.
        style: sizes and colours.
        row_titles: title of every model's row.
        panel_titles: title of every probe's panel.
        caption: text under the panels; wrapped to the width.
    """
    width = style.page_mm if len(spec.probes) > 1 else style.column_mm
    line = style.font_pt * _LINE_PER_PT
    small = style.font_pt * SMALL
    usable = width - 4.0
    title = wrap(spec.title, usable, style.font_pt * 1.15)
    heads = {model: wrap(row_titles[model], usable, style.font_pt) for model in spec.models}
    text = wrap(caption, usable, small)
    handles = _legend_handles(table, style)
    legend_columns = 3 if len(spec.probes) > 1 else 1
    legend_rows = -(-len(handles) // legend_columns)

    row_heights = {
        model: line * len(heads[model]) + line + 2.0 + style.panel_height_mm + _AXIS_FOOT
        for model in spec.models
    }
    title_height = 2.0 + line * 1.25 * len(title)
    foot = _LABEL_FOOT + legend_rows * line * 1.1 + 3.0 + len(text) * line * SMALL + 1.5
    height = title_height + sum(row_heights.values()) + foot
    figure = new_figure(width, height, style)

    _write(figure, 2.0, 1.5, "\n".join(title), style.font_pt * 1.15, weight="bold")
    top = title_height
    for model in spec.models:
        _write(figure, 2.0, top + 0.5, "\n".join(heads[model]), style.font_pt)
        below_head = top + line * len(heads[model]) + line + 2.0
        _draw_row(figure, below_head, table[table["model"] == model], spec, style, panel_titles)
        top += row_heights[model]
    for axes in figure.axes[-len(spec.probes) :]:
        axes.set_xlabel("layer fraction", labelpad=1.5)
    top += _LABEL_FOOT
    figure.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, 1 - top / height),
        ncol=legend_columns,
        columnspacing=1.8,
        handlelength=2.4,
        labelspacing=0.35,
        borderpad=0.2,
    )
    top += legend_rows * line * 1.1 + 3.0
    _write(figure, 2.0, top, "\n".join(text), small, colour="#333333")
    return figure


def _write(
    figure: Figure,
    left_mm: float,
    top_mm: float,
    text: str,
    size: float,
    weight: str = "normal",
    colour: str = "black",
) -> None:
    width, height = figure.get_size_inches() * MM_PER_INCH
    figure.text(
        left_mm / width,
        1 - top_mm / height,
        text,
        fontsize=size,
        fontweight=weight,
        color=colour,
        va="top",
        linespacing=1.25,
        parse_math=False,
    )


def _draw_row(
    figure: Figure,
    top_mm: float,
    table: pd.DataFrame,
    spec: FigureSpec,
    style: FigureStyle,
    panel_titles: Mapping[str, str],
) -> None:
    width, height = figure.get_size_inches() * MM_PER_INCH
    count = len(spec.probes)
    panel = (width - _LEFT - _RIGHT - _GAP * (count - 1)) / count
    floor, bottom = axis_floor(table, spec.y_floor)
    for index, probe in enumerate(spec.probes):
        axes = figure.add_axes(
            (
                (_LEFT + index * (panel + _GAP)) / width,
                1 - (top_mm + style.panel_height_mm) / height,
                panel / width,
                style.panel_height_mm / height,
            )
        )
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(bottom, _TOP)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
        axes.set_yticks([tick for tick in np.arange(-10, 1.01, 0.25) if tick >= floor])
        axes.set_title(panel_titles[probe], loc="left", fontweight="bold", pad=3.0)
        if index:
            axes.tick_params(labelleft=False)
        else:
            axes.set_ylabel("$R^2$", labelpad=2.0)
        _draw_panel(axes, table[table["probe"] == probe], floor, bottom, style)


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
    return floor, floor - _STRIP / (1 - _STRIP) * (_TOP - floor)


def _draw_panel(
    axes: Axes, rows: pd.DataFrame, floor: float, bottom: float, style: FigureStyle
) -> None:
    above_floor = Rectangle((-1, floor), 3, _TOP - floor, transform=axes.transData)
    if floor <= 0:
        axes.axhline(0, color="#9A9A9A", linewidth=0.6, zorder=1)
    for series, part in rows.groupby("series", sort=False):
        gid = f"{part['model'].iloc[0]}/{part['probe'].iloc[0]}/{series}"
        colour = getattr(style.colours, str(series))
        if series == "pez":
            axes.axvline(
                part["layer_fraction"].iloc[0],
                color=colour,
                linewidth=1.1,
                linestyle=(0, (1, 1.2)),
                zorder=1.5,
                gid=gid,
            )
        elif series == "reference":
            _draw_references(axes, part, colour, gid)
        else:
            _draw_curve(axes, part, str(series), colour, gid, above_floor)
    if bottom < floor:
        _draw_strip(axes, rows, floor, bottom, style)


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
    (line,) = axes.plot(x, part["mean"].to_numpy(), color=colour, gid=gid, **_line(series))
    line.set_clip_path(clip)


def _line(series: str) -> dict[str, Any]:
    """Line style of a series; they differ in more than colour."""
    if series == "validation":
        return {"linewidth": 1.4, "marker": "o", "markersize": 2.4, "zorder": 4}
    if series == "nested":
        return {"linewidth": 0.8, "zorder": 5}
    return {"linewidth": 1.1, "linestyle": "--", "zorder": 3}


def _draw_references(axes: Axes, part: pd.DataFrame, colour: str, gid: str) -> None:
    is_peak = part["note"].str.startswith("peak")
    for rows, name, marker in ((part[~is_peak], gid, "s"), (part[is_peak], f"{gid}/peak", "^")):
        axes.plot(
            rows["layer_fraction"].to_numpy(),
            rows["mean"].to_numpy(),
            gid=name,
            color=colour,
            clip_on=False,
            **_hollow(marker),
        )


def _hollow(marker: str) -> dict[str, Any]:
    return {
        "linestyle": "none",
        "marker": marker,
        "markersize": 4.0,
        "markerfacecolor": "none",
        "markeredgewidth": 0.8,
        "zorder": 6,
    }


def _draw_strip(
    axes: Axes, rows: pd.DataFrame, floor: float, bottom: float, style: FigureStyle
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
            gid=f"{part['model'].iloc[0]}/{part['probe'].iloc[0]}/{series}/below",
            linestyle="none",
            marker="v",
            markersize=3.2,
            markerfacecolor="none" if series == "untrained" else None,
            markeredgewidth=0.7,
            color=getattr(style.colours, str(series)),
            zorder=6,
        )
    axes.text(
        0.985,
        bottom + 0.25 * height,
        f"▾ below {floor:.2g}; lowest {low['mean'].min():.2f}",
        fontsize=style.font_pt * SMALL * 0.92,
        color="#333333",
        ha="right",
        va="center",
    )


def _legend_handles(table: pd.DataFrame, style: FigureStyle) -> Sequence[Line2D]:
    present = set(table["series"])
    handles = []
    for series, label in _LEGEND.items():
        role = "reference" if series == "peak" else series
        if role not in present:
            continue
        colour = getattr(style.colours, role)
        if series == "pez":
            kind: dict[str, Any] = {"linewidth": 1.1, "linestyle": (0, (1, 1.2))}
        elif role == "reference":
            kind = dict(_hollow("^" if series == "peak" else "s"))
        else:
            kind = dict(_line(series))
        handles.append(Line2D([], [], color=colour, label=label, **kind))
    return handles
