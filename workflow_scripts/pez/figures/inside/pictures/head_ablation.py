"""Claim C10 as a picture: scores without local heads, and without as many others."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import UNTRAINED_GREY, Made, Picture, handle, open_sheet
from pez.figures.looks import GREY
from pez.figures.spec import FigureStyle

# Of `pez.inside.judges.head_ablation.judge`.
COLUMNS = (
    "model", "control", "seed", "heads", "distance", "written", "state", "task", "reading",
    "estimand", "value", "low", "high",
)  # fmt: skip

_TASKS = {"direction": "Direction", "place": "Place of the start"}
_READINGS = {"refit": "fitted again", "recentred": "recentred", "frozen": "frozen"}
_LEFT, _RIGHT, _GAP, _HEAD, _ROW, _FOOT = 18.0, 3.0, 5.0, 5.0, 7.0, 9.0  # millimetres
_FLOOR = -0.25  # scores below are marked at the edge


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw scores: a row of panels for every model, a panel for every task and state."""
    drawn = table[table["estimand"] == "score"]
    models = list(dict.fromkeys(drawn["model"]))
    height = _ROW * len(_READINGS)
    step = _HEAD + height + _FOOT
    caption = _caption(drawn, made)
    sheet = open_sheet(
        "Without local heads", made, caption, step * len(models), style, _legend(drawn, style),
        wide=True,
    )  # fmt: skip
    for line, model in enumerate(models):
        own = drawn[drawn["model"] == model]
        panels = [(task, state) for task in _TASKS for state in sorted(own["state"].unique())]
        width = (sheet.width - _LEFT - _RIGHT - _GAP * (len(panels) - 1)) / len(panels)
        for column, (task, state) in enumerate(panels):
            axes = sheet.axes(_LEFT + column * (width + _GAP), line * step + _HEAD, width, height)
            _draw(axes, own[(own["task"] == task) & (own["state"] == state)], style)
            of_model = f"{model}: " if len(models) > 1 and column == 0 else ""
            axes.set_title(
                f"{of_model}{_TASKS[task]}, state {state}", loc="left", fontweight="bold", pad=3.0
            )
            axes.set_xlabel("R2", labelpad=1.5)
            axes.tick_params(labelleft=column == 0)
    return Picture(sheet.figure, table, caption)


def _draw(axes: Axes, rows: pd.DataFrame, style: FigureStyle) -> None:
    colour = style.colours.curves[0]
    for (control, _), network in rows.groupby(["control", "seed"], sort=False, dropna=False):
        own = control == NO_CONTROL
        ink = colour if own else UNTRAINED_GREY
        offset = -0.14 if own else 0.18
        for place, reading in enumerate(_READINGS):
            of_reading = network[network["reading"] == reading]
            x = of_reading["value"].clip(lower=_FLOOR)
            local, whole = of_reading["heads"] == "local", of_reading["heads"] == "whole"
            axes.plot(
                x[whole], [place + offset], "|", color=GREY if own else ink, markersize=9,
                markeredgewidth=1.0, zorder=1.2, gid=f"{control}/whole",
            )  # fmt: skip
            others = x[~local & ~whole]
            axes.plot(
                others, [place + offset] * len(others), "o", color=ink, markerfacecolor="none",
                markersize=2.6, markeredgewidth=0.6, zorder=2, gid=f"{control}/others",
            )  # fmt: skip
            if own:
                low, high = of_reading.loc[local, ["low", "high"]].clip(lower=_FLOOR).to_numpy()[0]
                axes.hlines(place + offset, low, high, colors=ink, linewidth=0.9, zorder=2.5)
            axes.plot(
                x[local], [place + offset], "D", color=ink, markersize=3.6 if own else 2.8,
                zorder=3, gid=f"{control}/local",
            )  # fmt: skip
    axes.set_ylim(len(_READINGS) - 0.5, -0.5)
    axes.set_yticks(range(len(_READINGS)), list(_READINGS.values()))
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(_FLOOR - 0.03, 1.02)
    axes.set_xticks((0, 0.5, 1), ("0", "0.5", "1"))
    axes.xaxis.grid(True)
    axes.yaxis.grid(False)


def _legend(drawn: pd.DataFrame, style: FigureStyle) -> list[Line2D]:
    colour = style.colours.curves[0]
    point = {"linestyle": "none"}
    entries = [
        handle("without local heads", colour, marker="D", markersize=3.6, **point),
        handle(
            "without as many others", colour, marker="o", markersize=2.6, markerfacecolor="none",
            **point,
        ),
        handle("with all heads", GREY, marker="|", markersize=9, **point),
    ]  # fmt: skip
    if (drawn["control"] != NO_CONTROL).any():
        entries.append(
            handle("untrained, the same marks", UNTRAINED_GREY, marker="D", markersize=2.8, **point)
        )
    return entries


def _caption(drawn: pd.DataFrame, made: Made) -> str:
    own = drawn[drawn["control"] == NO_CONTROL]
    sets = own.loc[~own["heads"].isin(["whole", "local"]), "heads"].nunique()
    return (
        "Out-of-fold R2 of ridge probes where some heads of the blocks before the first state "
        "write the same for every clip, their mean. Local: in each block those whose attention "
        f"reaches least far. Others: {sets} sets of as many other heads of the same blocks, which "
        "write most nearly as much. Bars: 90 % interval over conditions. Fitted again: probes see "
        "the changed features in training. Recentred and frozen: they were fitted with all heads, "
        "and asked about changed features, with and without bringing these back to their mean and "
        f"scale. Scores below {_FLOOR:g} stand at the edge. Clips: {made.clips}."
    )
