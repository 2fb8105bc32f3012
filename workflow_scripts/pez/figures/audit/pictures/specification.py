"""Specification curve: onsets of all cells in order, and which choices stand where."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pez.audit.claims.kinds.location import DEPTHS
from pez.audit.outcomes import FACTORS
from pez.audit.specification import CURVE_COLUMNS, choice_bins
from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import (
    INK,
    PALE_GREY,
    UNTRAINED_DASHES,
    UNTRAINED_GREY,
    Made,
    Picture,
    depth_ticks,
    handle,
    open_sheet,
    patch,
)
from pez.figures.spec import FigureStyle
from pez.figures.style import SMALL

COLUMNS = CURVE_COLUMNS  # of `pez.audit.specification.specification_curve`, for one variable
BINS = 60  # stretches of cells in which choices are counted
_LEFT, _RIGHT, _CURVE, _GAP, _ROW, _HEAD = 27.0, 3.0, 40.0, 2.0, 2.4, 3.1  # millimetres
_STRIP = "#EFEFEF"
_NONE = 1.09  # height at which cells without an onset stand
_WORDS = {"half_rise": "half-rise", "threshold": "80 % of the peak", "step": "best step"}


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw a table of `specification_curve`."""
    trained = table[table["control"] == NO_CONTROL].sort_values("rank")
    untrained = table[table["control"] != NO_CONTROL]
    bins = choice_bins(trained, BINS)
    rows = bins[["factor", "level"]].drop_duplicates()
    order = [factor for factor in FACTORS if factor in set(rows["factor"])]
    height = len(rows) * _ROW + len(order) * _HEAD
    variable, colour = str(trained["variable"].iloc[0]), style.colours.curves[0]
    estimand = _WORDS.get(str(trained["estimand"].iloc[0]), str(trained["estimand"].iloc[0]))
    caption = _caption(trained, untrained, bins, estimand, made)
    legend = [
        handle("one cell, 90 % interval", colour, marker="o", markersize=2.4, linewidth=0.8),
        handle("untrained network", UNTRAINED_GREY, linewidth=0.9, linestyle=UNTRAINED_DASHES),
        patch(f"{DEPTHS[0]} to {DEPTHS[1]} of depth", style.colours.pez, alpha=0.25),
        handle("share with this choice", INK, marker="o", markersize=3, linestyle="none"),
    ]
    sheet = open_sheet(
        f"Onset of {variable} in {len(trained)} cells", made, caption,
        _CURVE + _GAP + height + 8, style, legend,
    )  # fmt: skip
    width = sheet.width - _LEFT - _RIGHT
    above = sheet.axes(_LEFT, 0, width, _CURVE)
    _draw_onsets(above, trained, untrained, colour, style)
    below = sheet.axes(_LEFT, _CURVE + _GAP, width, height)
    _draw_choices(below, bins, order, style)
    for axes in (above, below):
        axes.set_xlim(-0.5, len(trained) - 0.5)
    below.set_xlabel("cells, in order of their onset", labelpad=1.5)
    drawn = pd.concat([table.assign(part="onset"), bins.assign(part="choice")], ignore_index=True)
    return Picture(sheet.figure, drawn, caption)


def _draw_onsets(
    axes: Axes, trained: pd.DataFrame, untrained: pd.DataFrame, colour: str, style: FigureStyle
) -> None:
    axes.axhspan(*DEPTHS, color=style.colours.pez, alpha=0.18, linewidth=0, zorder=0.5)
    axes.axhspan(1.03, 1.2, color=_STRIP, linewidth=0, zorder=0.5)
    for seed, rows in untrained.groupby("seed"):
        drawn = rows.sort_values("rank")
        # As long as the trained network's, whatever their number of cells.
        x = drawn["rank"].to_numpy() * len(trained) / len(drawn)
        y = drawn["depth"].fillna(_NONE).to_numpy()
        axes.plot(
            x,
            y,
            color=UNTRAINED_GREY,
            linewidth=0.9,
            linestyle=UNTRAINED_DASHES,
            drawstyle="steps-mid",
            gid=f"untrained/{seed}",
            zorder=2,
        )
    x, y = trained["rank"].to_numpy(), trained["depth"].fillna(_NONE).to_numpy()
    few = len(trained) <= 150
    if few:
        axes.vlines(x, trained["low"], trained["high"], colors=colour, linewidth=0.8, alpha=0.5,
                    zorder=3, gid="intervals")  # fmt: skip
    else:
        axes.fill_between(x, trained["low"], trained["high"], step="mid", color=colour, alpha=0.25,
                          linewidth=0, zorder=3, gid="intervals")  # fmt: skip
    size = 2.4 if few else 1.1
    axes.plot(x, y, color=colour, linestyle="none", marker="o", markersize=size,
              markeredgewidth=0, zorder=4, gid="onsets")  # fmt: skip
    axes.set_ylim(-0.03, 1.15)
    depth_ticks(axes, "y")
    ticks = [0, 0.25, 0.5, 0.75, 1, _NONE]
    axes.set_yticks(ticks, ["0", "0.25", "0.5", "0.75", "1", "none"])
    axes.set_ylabel("onset (state / blocks)", labelpad=2.0)
    axes.tick_params(labelbottom=False)
    axes.xaxis.grid(False)


def _draw_choices(axes: Axes, bins: pd.DataFrame, order: list[str], style: FigureStyle) -> None:
    small = style.font_pt * SMALL * 0.88
    top, ticks, labels = 0.0, [], []
    for factor in order:
        part = bins[bins["factor"] == factor]
        axes.axhline(top, color=PALE_GREY, linewidth=0.5)
        axes.text(
            -0.012, top + _HEAD / 2, factor.replace("_", " "), fontsize=small, fontweight="bold",
            transform=axes.get_yaxis_transform(), ha="right", va="center",
        )  # fmt: skip
        top += _HEAD
        for level in sorted(part["level"].unique(), key=_level_order):
            shown = part[part["level"] == level]
            middle = (shown["rank_from"] + shown["rank_to"]) / 2
            axes.scatter(
                middle, np.full(len(shown), top + _ROW / 2), s=6.0 * shown["share"], color=INK,
                linewidth=0, gid=f"{factor}/{level}",
            )  # fmt: skip
            ticks.append(top + _ROW / 2)
            labels.append(str(level))
            top += _ROW
    axes.set_ylim(top, 0)
    axes.set_yticks(ticks, labels, fontsize=small)
    axes.tick_params(axis="y", length=0, pad=1.5)
    axes.grid(False)
    axes.spines["left"].set_visible(False)


def _level_order(level: object) -> tuple[int, str]:
    text = str(level)
    return (int(text), text) if text.isdigit() else (10**9, text)


def _caption(
    trained: pd.DataFrame, untrained: pd.DataFrame, bins: pd.DataFrame, estimand: str, made: Made
) -> str:
    missing = int(trained["depth"].isna().sum())
    seeds = untrained["seed"].nunique()
    per_bin = -(-len(trained) // BINS)
    parts = [
        f"Onset by {estimand} in every cell of the audit ({made.clips}), sorted; bars: 90 % of "
        "bootstrap draws that have one; equal onsets in arbitrary order.",
        f"{missing} of {len(trained)} cells have none." if missing else "Every cell has one.",
    ]
    if seeds:
        without = untrained["depth"].isna().mean()
        networks = "network, in" if seeds == 1 else "networks, each in"
        parts.append(
            f"Grey: {seeds} untrained {networks} its own order; {100 * without:.0f} % of their "
            "cells have none."
        )
    if len(bins):
        size = f"; a dot's area is the share of {per_bin} neighbouring cells with it"
        parts.append(f"Below: the choices of every cell{size if per_bin > 1 else ''}.")
    return " ".join(parts)
