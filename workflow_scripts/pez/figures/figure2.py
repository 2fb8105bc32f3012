"""Figures 2(b) and 2(c) of arXiv 2602.07050: R2 of motion probes against layer fraction.

Both are one drawing: a row of panels per model, a panel per probe. They differ in their probes.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pez.figures.panels import PEZ_LINE, TOP, axis_floor, draw_panel, hollow, line_style
from pez.figures.spec import FigureSpec, FigureStyle
from pez.figures.style import MM_PER_INCH, SMALL, new_figure, text_width_mm, wrap

# Layout in millimetres.
_RIGHT, _GAP = 2.5, 4.0
_LEFT_PER_PT = 1.87  # room for the R2 axis, per point of the font
_MARGIN = 2.0  # of text, to the edge
_AXIS_FOOT, _LABEL_FOOT, _ROW_GAP = 5.5, 4.0, 3.0
_LINE_PER_PT = 0.47  # height of a line of text per point of its size

_LEGEND_HANDLE, _LEGEND_SPACING = 2.4, 1.8  # in units of the font size
_LEGEND = {
    "validation": "validation selection, ± 1 s.d.",
    "nested": "nested selection",
    "untrained": "untrained network, ± 1 s.d.",
    "pez": "PEZ marker: one third of depth",
    "reference": "third-party values: layers 0, 8, last",
    "peak": "third-party value: peak",
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

    Call inside `pez.figures.style.styled`.

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
    usable = width - 2 * _MARGIN
    title = wrap(spec.title, usable, style.font_pt * 1.15, weight="bold")
    heads = {model: wrap(row_titles[model], usable, style.font_pt) for model in spec.models}
    text = wrap(caption, usable, small)
    handles = _legend_handles(table, style)
    legend_columns = _legend_columns(handles, usable, small)
    legend_rows = -(-len(handles) // legend_columns)

    row_heights = {
        model: line * len(heads[model]) + line + 2.0 + style.panel_height_mm + _AXIS_FOOT
        for model in spec.models
    }
    title_height = 2.0 + line * 1.25 * len(title)
    foot = _LABEL_FOOT + legend_rows * line * 1.1 + 3.0 + len(text) * line * SMALL + 1.5
    height = title_height + sum(row_heights.values()) + _ROW_GAP * (len(spec.models) - 1) + foot
    figure = new_figure(width, height, style)

    _write(figure, _MARGIN, 1.5, "\n".join(title), style.font_pt * 1.15, weight="bold")
    top = title_height
    for model in spec.models:
        _write(figure, _MARGIN, top + 0.5, "\n".join(heads[model]), style.font_pt)
        below_head = top + line * len(heads[model]) + line + 2.0
        _draw_row(figure, below_head, table[table["model"] == model], spec, style, panel_titles)
        top += row_heights[model] + _ROW_GAP
    for axes in figure.axes[-len(spec.probes) :]:
        axes.set_xlabel("layer fraction", labelpad=1.5)
    top += _LABEL_FOOT - _ROW_GAP
    _draw_legend(figure, top, handles, legend_columns)
    top += legend_rows * line * 1.1 + 3.0
    _write(figure, _MARGIN, top, "\n".join(text), small, colour="#333333")
    return figure


def _legend_columns(handles: Sequence[Line2D], width_mm: float, font_pt: float) -> int:
    """Three columns, or as many as fit."""
    em = font_pt / 72 * MM_PER_INCH
    widest = max(text_width_mm(str(handle.get_label()), font_pt) for handle in handles)
    entry = widest + (_LEGEND_HANDLE + 0.8 + _LEGEND_SPACING) * em  # 0.8: handle to label
    return max(1, min(3, int(width_mm / entry)))


def _draw_legend(figure: Figure, top_mm: float, handles: Sequence[Line2D], columns: int) -> None:
    height = figure.get_figheight() * MM_PER_INCH
    figure.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, 1 - top_mm / height),
        ncol=columns,
        columnspacing=_LEGEND_SPACING,
        handlelength=_LEGEND_HANDLE,
        labelspacing=0.35,
        borderpad=0.2,
    )


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
    left = _LEFT_PER_PT * style.font_pt
    panel = (width - left - _RIGHT - _GAP * (count - 1)) / count
    floor, bottom = axis_floor(table, spec.y_floor)
    for index, probe in enumerate(spec.probes):
        axes = figure.add_axes(
            (
                (left + index * (panel + _GAP)) / width,
                1 - (top_mm + style.panel_height_mm) / height,
                panel / width,
                style.panel_height_mm / height,
            )
        )
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(bottom, TOP)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
        axes.set_yticks(_r2_ticks(floor))
        axes.set_title(panel_titles[probe], loc="left", fontweight="bold", pad=3.0)
        if index:
            axes.tick_params(labelleft=False)
        else:
            axes.set_ylabel("$R^2$", labelpad=2.0)
        draw_panel(axes, table[table["probe"] == probe], floor, bottom, style)


def _r2_ticks(floor: float) -> np.ndarray:
    """Round R2 values from 1 down to ``floor``, at most nine."""
    step = next(step for step in (0.25, 0.5, 1.0, 2.0) if (1 - floor) / step <= 8)
    return np.arange(1, floor - 1e-9, -step)


def _legend_handles(table: pd.DataFrame, style: FigureStyle) -> Sequence[Line2D]:
    present = set(table["series"])
    handles = []
    for series, label in _LEGEND.items():
        role = "reference" if series == "peak" else series
        if role not in present:
            continue
        colour = getattr(style.colours, role)
        if series == "pez":
            kind = PEZ_LINE
        elif role == "reference":
            kind = hollow("^" if series == "peak" else "s")
        else:
            kind = line_style(series)
        handles.append(Line2D([], [], color=colour, label=label, **kind))
    return handles
