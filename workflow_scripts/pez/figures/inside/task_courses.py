"""Tasks that are told right or wrong, by residual state: accuracies, onsets and sharpness."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pez.controls.registry import find_control
from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import UNTRAINED_GREY, Made, Picture, handle, open_sheet
from pez.figures.inside.shown import few_ticks
from pez.figures.looks import GREY, LEVEL_LINES, OWN
from pez.figures.spec import FigureStyle

# Of `pez.inside.tasks.series.course_rows`, and accuracy from the numbers of objects.
COLUMNS = ("model", "control", "seed", "task", "kind", "state", "value", "low", "high")

_ONSETS = {"half_rise": ("half of the rise", "o"), "step": ("best step", "s")}
_NUMBERS: dict[str, Any] = {
    "linewidth": 1.1,
    "linestyle": (0, (1, 1.5)),
}  # read from numbers of objects alone
_LEFT, _RIGHT, _GAP, _HEAD, _NAME, _FOOT = 11.0, 2.5, 4.0, 5.0, 4.0, 9.0  # millimetres
_NAMES, _LINE, _BETWEEN = 27.0, 4.6, 14.0  # of the panels of onsets


def draw_courses(
    table: pd.DataFrame,
    made: Made,
    style: FigureStyle,
    names: Mapping[str, str],
    title: str,
    caption: str,
) -> Picture:
    """Draw for every model a row of accuracies and one of onsets.

    Args:
        table: `COLUMNS`.
        made: what is said of weights and clips.
        style: sizes and colours.
        names: of the tasks, in their order.
        title: of the whole.
        caption: what the tasks are, to which tasks without an onset are added, and the clips.
    """
    models = list(dict.fromkeys(table["model"]))
    tasks = {task: name for task, name in names.items() if (table["task"] == task).any()}
    head = _HEAD + (_NAME if len(models) > 1 else 0)
    height, onsets = style.panel_height_mm * 0.8, _LINE * len(tasks)
    row = head + height + _FOOT + _HEAD + onsets + _FOOT
    caption = _caption(caption, table, made, tasks)
    sheet = open_sheet(
        title, made, caption, row * len(models), style, _legend(table, style), wide=True
    )
    width = (sheet.width - _LEFT - _RIGHT - _GAP * (len(tasks) - 1)) / len(tasks)
    half = (sheet.width - _NAMES - _RIGHT - _BETWEEN) / 2
    for line, model in enumerate(models):
        own = table[table["model"] == model]
        name = f"{model}\n" if len(models) > 1 else ""
        top = line * row + head
        for column, task in enumerate(tasks):
            axes = sheet.axes(_LEFT + column * (width + _GAP), top, width, height)
            _draw_task(axes, own[own["task"] == task], style)
            heading = tasks[task] if column else f"{name}{tasks[task]}"
            axes.set_title(heading, loc="left", fontweight="bold", pad=3.0)
            axes.tick_params(labelleft=column == 0)
            if column == 0:
                axes.set_ylabel("accuracy, %", labelpad=2.0)
        top += height + _FOOT + _HEAD
        _draw_onsets(sheet.axes(_NAMES, top, half, onsets), own, tasks, style)
        sharp = sheet.axes(_NAMES + half + _BETWEEN, top, half, onsets)
        _draw_sharpness(sharp, own, tasks, style)
    return Picture(sheet.figure, table, caption)


def _draw_task(axes: Axes, rows: pd.DataFrame, style: FigureStyle) -> None:
    level = rows.loc[rows["kind"] == "chance", "value"].iloc[0]
    axes.axhline(100 * level, color=GREY, zorder=1.4, gid="chance", **LEVEL_LINES["chance"])
    for alone in rows.loc[rows["kind"] == "numbers", "value"]:
        axes.axhline(100 * alone, color=GREY, zorder=1.5, gid="numbers", **_NUMBERS)
    colour = style.colours.curves[0]
    curves = rows[rows["kind"] == "accuracy"]
    for (control, seed), curve in curves.groupby(["control", "seed"], sort=False, dropna=False):
        own = control == NO_CONTROL
        x, y = curve["state"].to_numpy(int), 100 * curve["value"].to_numpy(float)
        if own:
            low, high = (100 * curve[name].to_numpy(float) for name in ("low", "high"))
            axes.fill_between(
                x, low, high, color=colour, alpha=0.25, linewidth=0, zorder=2, gid="none/band"
            )
        look = OWN.line if own else find_control(str(control)).look.line
        gid = str(control) if own else f"{control}/{seed}"
        axes.plot(x, y, color=colour if own else UNTRAINED_GREY, gid=gid, **look)
    last = int(curves["state"].max())
    axes.set_xlim(-0.4, last + 0.4)
    axes.set_xticks(few_ticks(last + 1))
    axes.set_xlabel("residual state", labelpad=1.5)
    axes.set_ylim(0, 103)
    axes.set_yticks((0, 25, 50, 75, 100))


def _draw_onsets(
    axes: Axes, rows: pd.DataFrame, tasks: Mapping[str, str], style: FigureStyle
) -> None:
    apart = {"half_rise": -0.16, "step": 0.16}
    for name, (_, mark) in _ONSETS.items():
        _draw_points(axes, rows[rows["kind"] == name], tasks, style, mark, apart[name])
    last = int(rows["state"].max())
    axes.set_xlim(-0.4, last + 0.4)
    axes.set_xticks(few_ticks(last + 1))
    axes.set_xlabel("residual state", labelpad=1.5)
    axes.set_title("Onset", loc="left", fontweight="bold", pad=3.0)
    axes.set_yticks(range(len(tasks)), list(tasks.values()))


def _draw_sharpness(
    axes: Axes, rows: pd.DataFrame, tasks: Mapping[str, str], style: FigureStyle
) -> None:
    _draw_points(axes, rows[rows["kind"] == "sharpness"], tasks, style, "D", 0.0)
    axes.set_xlim(-0.02, 1.05)
    axes.set_xticks((0, 0.5, 1), ("0", "0.5", "1"))
    axes.set_xlabel("largest rise in one state / whole rise", labelpad=1.5)
    axes.set_title("Sharpness", loc="left", fontweight="bold", pad=3.0)
    axes.set_yticks(range(len(tasks)), [""] * len(tasks))


def _draw_points(
    axes: Axes,
    rows: pd.DataFrame,
    tasks: Mapping[str, str],
    style: FigureStyle,
    mark: str,
    shift: float,
) -> None:
    """A point with its interval on the line of every task that has one."""
    known = rows[rows["value"].notna()]
    y = known["task"].map(list(tasks).index).to_numpy(float) + shift
    colour = style.colours.curves[0]
    axes.hlines(
        y, known["low"].to_numpy(float), known["high"].to_numpy(float), colors=colour,
        linewidth=0.9, zorder=2,
    )  # fmt: skip
    axes.plot(
        known["value"].to_numpy(float), y, mark, color=colour, markersize=3.6, linestyle="none",
        zorder=3, gid=str(rows["kind"].iloc[0]), markerfacecolor=colour if mark != "s" else "white",
    )  # fmt: skip
    axes.set_ylim(len(tasks) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.grid(True)
    axes.yaxis.grid(False)


def _legend(table: pd.DataFrame, style: FigureStyle) -> list[Line2D]:
    colour = style.colours.curves[0]
    entries = [handle("the model, 90 % interval", colour, **OWN.line)]
    for control in table["control"].unique():
        if control != NO_CONTROL:
            look = find_control(str(control)).look
            entries.append(handle(look.label.partition(",")[0], UNTRAINED_GREY, **look.line))
    entries.append(handle("chance: answers at random", GREY, **LEVEL_LINES["chance"]))
    if (table["kind"] == "numbers").any():
        entries.append(handle("from the numbers of objects alone", GREY, **_NUMBERS))
    for words, mark in _ONSETS.values():
        face = colour if mark != "s" else "white"
        entries.append(
            handle(f"onset: {words}", colour, linestyle="none", marker=mark, markersize=3.6,
                   markerfacecolor=face)
        )  # fmt: skip
    return entries


def _caption(words: str, table: pd.DataFrame, made: Made, tasks: Mapping[str, str]) -> str:
    parts = [words]
    missing = table[(table["kind"] == "half_rise") & table["value"].isna()]
    if len(missing):
        without = ", ".join(dict.fromkeys(tasks[task].lower() for task in missing["task"]))
        parts.append(f"No onset: {without}.")
    parts.append(f"Clips: {made.clips}.")
    return " ".join(parts)
