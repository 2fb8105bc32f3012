"""Forest plot: every claim in the primary cell, and in the median cell of the audit."""

from collections.abc import Mapping
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pez.audit.forest import COLUMNS as FOREST_COLUMNS
from pez.audit.forest import MEDIAN, PRIMARY
from pez.figures.audit.sheet import INK, PALE_GREY, Made, Picture, handle, open_sheet, patch
from pez.figures.spec import FigureStyle
from pez.figures.style import SMALL

COLUMNS = FOREST_COLUMNS  # of `pez.audit.forest.forest_table`
_LEFT, _RIGHT, _ROW, _PITCH = 33.0, 18.0, 5.0, 9.6  # millimetres
_SHORT: Mapping[str, str] = {
    "C1": "abrupt rise",
    "C2": "at 0.2 to 0.45",
    "C3": "direction comes last",
    "C4": "needs training",
    "C5": "with plausibility",
    "C6": "late decline",
    "C7": "acceleration as early",
    "C8": "beyond position",
    "C9": "with transfer",
    "C10": "local heads",
}
_LOOKS: Mapping[str, Mapping[str, Any]] = {
    PRIMARY: {"marker": "o", "markersize": 4.0, "markeredgewidth": 0.9},
    MEDIAN: {"marker": "D", "markersize": 3.4, "markeredgewidth": 0.9, "markerfacecolor": "white"},
}


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw a table of `pez.audit.forest.forest_table`."""
    claims = list(dict.fromkeys(table["claim"]))
    colours = dict(zip(_LOOKS, cycle(style.colours.curves), strict=False))
    caption = _caption(table, made)
    legend = [
        handle(PRIMARY, colours[PRIMARY], **_LOOKS[PRIMARY]),
        handle(MEDIAN, colours[MEDIAN], **_LOOKS[MEDIAN]),
        patch("the claim holds here", style.colours.pez, alpha=0.25),
    ]
    body = _PITCH * len(claims) + 1.0
    sheet = open_sheet("Claims, one by one", made, caption, body, style, legend)
    width = sheet.width - _LEFT - _RIGHT
    for number, claim in enumerate(claims):
        axes = sheet.axes(_LEFT, number * _PITCH + 0.8, width, _ROW)
        rows = table[table["claim"] == claim]
        _draw(axes, rows, colours, style)
        _write_beside(axes, rows, style)
    return Picture(sheet.figure, table, caption)


def _draw(axes: Axes, rows: pd.DataFrame, colours: Mapping[str, str], style: FigureStyle) -> None:
    if rows[["value", "low", "high"]].isna().all(axis=None):
        axes.set_axis_off()
        said = "not measured" if rows.iloc[0]["verdict"] == "undecided" else "none there"
        axes.text(0.5, 0.5, said, transform=axes.transAxes, ha="center", va="center",
                  color=INK, fontsize=style.font_pt * SMALL)  # fmt: skip
        return
    first = rows.iloc[0]
    low, high = _limits(rows)
    start, stop = max(first["holds_from"], low), min(first["holds_to"], high)
    if np.isfinite([start, stop]).all() and start < stop:
        axes.axvspan(start, stop, color=style.colours.pez, alpha=0.2, linewidth=0, gid="holds")
    for _, row in rows.iterrows():
        y = 0.32 if row["where"] == PRIMARY else -0.32
        colour = colours[row["where"]]
        ends = [max(row["low"], low), min(row["high"], high)]
        if not np.isnan(ends).any():
            axes.plot(ends, [y, y], color=colour, linewidth=1.2, solid_capstyle="butt")
        axes.plot([row["value"]], [y], color=colour, linestyle="none", zorder=4,
                  gid=f"{row['claim']}/{row['where']}", **_LOOKS[row["where"]])  # fmt: skip
    if low < 0 < high:
        axes.axvline(0, color=PALE_GREY, linewidth=0.6, zorder=0.8)
    axes.set_xlim(low, high)
    axes.set_ylim(-0.85, 0.85)
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}".replace("-", "\N{MINUS SIGN}"))
    axes.tick_params(axis="x", labelsize=style.font_pt * SMALL * 0.88, pad=1.0, size=2.0)
    axes.grid(False)
    axes.spines["left"].set_visible(False)


def _limits(rows: pd.DataFrame) -> tuple[float, float]:
    """Limits of a claim's axis: everything finite, and what separates yes from no."""
    numbers = rows[["value", "low", "high", "holds_from", "holds_to"]].to_numpy(float).ravel()
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return 0.0, 1.0
    low, high = float(min(numbers.min(), 0.0)), float(numbers.max())
    room = 0.08 * (high - low) or 0.5
    return low - room, high + room


def _write_beside(axes: Axes, rows: pd.DataFrame, style: FigureStyle) -> None:
    first = rows.iloc[0]
    small = style.font_pt * SMALL
    place: dict[str, Any] = {"transform": axes.transAxes, "va": "center"}
    claim = str(first["claim"])
    axes.text(-0.83, 0.75, claim, fontweight="bold", fontsize=small, **place)
    axes.text(-0.67, 0.75, _SHORT.get(claim, ""), fontsize=small, **place)
    axes.text(-0.67, 0.12, str(first["unit"]), fontsize=small * 0.88, color=INK, **place)
    weight = "bold" if first["verdict"] == "yes" else "normal"
    axes.text(1.06, 0.75, str(first["verdict"]), fontweight=weight, fontsize=small, **place)
    if np.isfinite(first["p"]):
        p = "p < .001" if first["p"] < 0.001 else f"p = {first['p']:.3f}".replace("0.", ".", 1)
        axes.text(1.06, 0.12, p, fontsize=small * 0.88, color=INK, **place)


def _caption(table: pd.DataFrame, made: Made) -> str:
    primary = table[table["where"] == PRIMARY]
    counts = ", ".join(
        f"{(primary['verdict'] == verdict).sum()} {verdict}"
        for verdict in ("yes", "no", "undecided")
    )
    median = table[table["where"] == MEDIAN]
    parts = [
        f"{len(primary)} claims on {made.clips}: {counts}. Verdict and p (after Holm) are those of "
        "the primary cell, bars its 90 % intervals; every axis has its own unit."
    ]
    if len(median):
        parts.append(f"Median cell: of up to {int(median['cells'].max())}; bars 5 to 95 % of them.")
    if np.isinf(table[["low", "high"]].to_numpy(float)).any():
        parts.append("An interval that is open, for want of onsets, ends at the axis.")
    return " ".join(parts)
