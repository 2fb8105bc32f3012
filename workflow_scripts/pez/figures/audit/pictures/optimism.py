"""Optimism of picking settings on the reported fold, against the number of training clips."""

from collections.abc import Mapping
from itertools import cycle
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import INK, UNTRAINED_DASHES, Made, Picture, apart, handle, open_sheet
from pez.figures.looks import GREY, LEVEL_LINES
from pez.figures.spec import FigureStyle

# Of `pez.audit.optimism.optimism_by_clips`, with the variable it is of.
COLUMNS = ("variable", "kind", "control", "solver", "clips", "settings", "correlation", "mean",
           "low", "high", "cells")  # fmt: skip
_LEFT, _RIGHT, _PANEL, _FOOT = 15.0, 3.0, 42.0, 9.5
_OWN: Mapping[str, Any] = {"marker": "o", "markersize": 2.8, "linewidth": 1.3, "zorder": 4}
_UNTRAINED: Mapping[str, Any] = {"linewidth": 1.0, "linestyle": UNTRAINED_DASHES, "zorder": 3}
_LUCK = LEVEL_LINES["chance"]


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw a table of `optimism_by_clips`."""
    measured = table[table["kind"] == "measured"]
    by_luck = table[table["kind"] == "luck"]
    solvers = list(dict.fromkeys(measured["solver"]))
    colours = dict(zip(solvers, cycle(style.colours.curves), strict=False))
    legend = [
        handle(f"{solver}: 90 % of cells", colours[solver], marker="o", markersize=2.8,
               linewidth=1.3)
        for solver in solvers
    ]  # fmt: skip
    if (measured["control"] != NO_CONTROL).any():
        legend.append(handle("untrained networks", INK, **_UNTRAINED))
    if len(by_luck):
        legend.append(handle("luck alone", GREY, **_LUCK))
    caption = _caption(measured, by_luck, made)
    variable = str(table["variable"].iloc[0])
    sheet = open_sheet(
        f"Optimism of selection: {variable}", made, caption, _PANEL + _FOOT, style, legend
    )
    room = 12.0 if len(by_luck) else 0.0
    axes = sheet.axes(_LEFT, 0, sheet.width - _LEFT - _RIGHT - room, _PANEL)
    axes.axhline(0, color="black", linewidth=0.5, zorder=1)
    for (solver, control), rows in measured.groupby(["solver", "control"], sort=False):
        part, gid = rows.sort_values("clips"), f"{solver}/{control}"
        look = _OWN if control == NO_CONTROL else _UNTRAINED
        if look is _OWN:
            axes.fill_between(part["clips"], part["low"], part["high"], color=colours[solver],
                              alpha=0.16, linewidth=0, gid=f"{gid}/band")  # fmt: skip
        axes.plot(part["clips"], part["mean"], color=colours[solver], gid=gid, **look)
    numbers = sorted(table["clips"].unique())
    axes.set_xscale("log")
    axes.autoscale_view()
    axes.set_ylim(axes.get_ylim())
    _draw_luck(axes, by_luck, style)
    axes.set_xticks(numbers, [f"{number:g}" for number in numbers])
    axes.minorticks_off()
    axes.set_xlabel("training clips", labelpad=1.5)
    axes.set_ylabel("validation \N{MINUS SIGN} nested", labelpad=2.0)
    return Picture(sheet.figure, table, caption)


def _draw_luck(axes: Axes, by_luck: pd.DataFrame, style: FigureStyle) -> None:
    """A line for each correlation, its label at the right."""
    ends = []
    for correlation, rows in by_luck.groupby("correlation"):
        part = rows.sort_values("clips")
        axes.plot(part["clips"], part["mean"], color=GREY, gid=f"luck/{correlation}", **_LUCK)
        last = part.iloc[-1]
        point = axes.transData.transform((float(last["clips"]), float(last["mean"])))
        height = float(axes.transAxes.inverted().transform(point)[1])
        ends.append((height, f"\N{GREEK SMALL LETTER RHO} = {correlation:g}"))
    ends.sort()
    for y, (_, label) in zip(apart([end[0] for end in ends], 0.065), ends, strict=True):
        axes.text(1.01, y, label, transform=axes.transAxes, va="center", color=INK,
                  fontsize=style.font_pt * 0.8)  # fmt: skip


def _caption(measured: pd.DataFrame, by_luck: pd.DataFrame, made: Made) -> str:
    parts = [
        "Score when settings are picked on the reported fold, minus the score when they are picked "
        f"on an inner split: mean over states and pairs of otherwise equal cells ({made.clips}; "
        f"up to {int(measured['cells'].max())} pairs)."
    ]
    if len(by_luck):
        parts.append(
            f"Luck alone: expected maximum of {int(by_luck['settings'].max())} normal scores that "
            "correlate by \N{GREEK SMALL LETTER RHO} and spread as one fold's score does."
        )
    return " ".join(parts)
