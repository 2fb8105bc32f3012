"""Tables 2 and 4 of arXiv 2602.07050 as a picture: scores with windows of keys taken away."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import UNTRAINED_GREY, Made, Picture, handle, open_sheet
from pez.figures.looks import GREY, LEVEL_LINES
from pez.figures.spec import FigureStyle

# Of `pez.inside.ablation.judged.judge_removals`.
COLUMNS = (
    "model", "control", "seed", "where", "window", "keys", "removed", "empty", "state", "task",
    "reading", "estimand", "value", "low", "high",
)  # fmt: skip

_TASKS = {
    "direction": "Direction",
    "direction_by_patch": "By patch",
    "place": "Place",
    "plausibility": "Plausibility",
}
_SCORES = {"plausibility": "Pair accuracy"}  # of the others: R2
_CHANCE = {"plausibility": 0.5}  # of the others: 0
_READINGS = {"refit": "fitted again", "recentred": "recentred", "frozen": "frozen"}
_MARKS = {"window": "o", "random": "x", "far": "^", "mass": "+", "others": "s"}
_TAKEN = {
    "window": "the window",
    "random": "as many keys at random",
    "far": "as many from the far end",
    "mass": "random keys of the same attention",
    "others": "the window but for the query itself",
}
_ELSEWHERE = {"first": "first blocks", "last": "last blocks"}
_LEFT, _RIGHT, _GAP, _HEAD, _ROW, _FOOT = 24.0, 3.0, 4.0, 5.0, 4.6, 9.0  # millimetres
_FLOOR = -0.25  # scores below are marked at the edge


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw scores: a row of panels for every model and reading, a panel a task and state."""
    told = table.assign(row=_rows(table))
    drawn = told[told["estimand"] == "score"]
    models = list(dict.fromkeys(drawn["model"]))
    order = [name for name in dict.fromkeys(drawn["row"]) if name]
    panels = list(dict.fromkeys(zip(drawn["task"], drawn["state"], strict=True)))
    panels.sort(key=lambda one: (list(_TASKS).index(one[0]), one[1]))
    lines = [(model, reading) for model in models for reading in _READINGS]
    height = _ROW * len(order)
    step = _HEAD + height + _FOOT
    caption = _caption(drawn, made)
    sheet = open_sheet(
        "Windows of keys taken away", made, caption, step * len(lines), style,
        _legend(drawn, style), wide=True,
    )  # fmt: skip
    width = (sheet.width - _LEFT - _RIGHT - _GAP * (len(panels) - 1)) / len(panels)
    for line, (model, reading) in enumerate(lines):
        own = drawn[(drawn["model"] == model) & (drawn["reading"] == reading)]
        for column, (task, state) in enumerate(panels):
            axes = sheet.axes(_LEFT + column * (width + _GAP), line * step + _HEAD, width, height)
            _draw(axes, own[(own["task"] == task) & (own["state"] == state)], order, style)
            if task in _CHANCE:
                axes.set_xlim(-0.03, 1.02)
                axes.axvline(_CHANCE[task], color=GREY, linewidth=0.6, zorder=1.1, gid="chance")
            of_model = f"{model}: " if len(models) > 1 and column == 0 else ""
            axes.set_title(
                f"{of_model}{_TASKS[task]}, state {state}", loc="left", fontweight="bold", pad=3.0
            )
            score = _SCORES.get(task, "R2")
            axes.set_xlabel(f"{score}, {_READINGS[reading]}", labelpad=1.5)
            axes.tick_params(labelleft=column == 0)
    return Picture(sheet.figure, told, caption)


def _rows(table: pd.DataFrame) -> pd.Series:
    """Name of the row in which a score stands; none for what is a line through all rows.

    In brackets the share of keys within the window, also where others are taken in its place.
    """
    network = ["model", "window"]
    own = table[table["keys"].isin(("window", "none"))]
    near = own.groupby(network, observed=True)["removed"].first().rename("near")
    shares = (100 * table.join(near, on=network)["near"]).round().astype(int).astype(str)
    names = table["window"].str.replace("_", " ") + " (" + shares + " %)"
    elsewhere = table["where"].map(_ELSEWHERE)
    names = names.where(elsewhere.isna(), table["window"].str.replace("_", " ") + ", " + elsewhere)
    return names.where(table["window"] != "whole", "")


def _draw(axes: Axes, rows: pd.DataFrame, order: list[str], style: FigureStyle) -> None:
    colour = style.colours.curves[0]
    for (control, _), network in rows.groupby(["control", "seed"], sort=False, dropna=False):
        own = control == NO_CONTROL
        ink = colour if own else UNTRAINED_GREY
        whole = network.loc[network["row"] == "", "value"]
        if own and len(whole):
            axes.axvline(
                max(float(whole.iloc[0]), _FLOOR), color=GREY, zorder=1.2, gid="whole",
                **LEVEL_LINES["chance"],
            )  # fmt: skip
        for keys, mark in _MARKS.items():
            taken = network[(network["keys"] == keys) & (network["row"] != "")]
            y = taken["row"].map(order.index).to_numpy(float)
            x = taken["value"].clip(lower=_FLOOR).to_numpy()
            if own:
                low, high = (taken[name].clip(lower=_FLOOR) for name in ("low", "high"))
                axes.hlines(y, low, high, colors=ink, linewidth=0.8, zorder=2)
            axes.plot(
                x, y, mark, color=ink, markersize=3.4 if own else 2.2, linestyle="none",
                markerfacecolor=ink if keys == "window" else "none", zorder=3 if own else 1.5,
                gid=f"{control}/{keys}",
            )  # fmt: skip
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_yticks(range(len(order)), order)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(_FLOOR - 0.03, 1.02)
    axes.set_xticks((0, 0.5, 1), ("0", "0.5", "1"))
    axes.xaxis.grid(True)
    axes.yaxis.grid(False)


def _legend(drawn: pd.DataFrame, style: FigureStyle) -> list[Line2D]:
    colour = style.colours.curves[0]
    entries = [
        handle(
            words, colour, linestyle="none", marker=_MARKS[keys], markersize=3.4,
            markerfacecolor=colour if keys == "window" else "none",
        )
        for keys, words in _TAKEN.items()
        if (drawn["keys"] == keys).any()
    ]  # fmt: skip
    entries.append(handle("nothing taken", GREY, **LEVEL_LINES["chance"]))
    if (drawn["control"] != NO_CONTROL).any():
        entries.append(
            handle("untrained, the same marks", UNTRAINED_GREY, linestyle="none", marker="o",
                   markersize=2.2)
        )  # fmt: skip
    return entries


def _caption(drawn: pd.DataFrame, made: Made) -> str:
    empty = drawn[(drawn["keys"] == "window") & (drawn["empty"] > 0)]
    movies = (drawn["task"] == "plausibility").all()
    parts = [
        f"Out-of-fold {'pair accuracy' if movies else 'R2'} of ridge probes after keys were taken "
        "from the attention of some blocks: s3, those within 3 patches of the query in whatever "
        "tubelet; t1, those within one tubelet at whatever place; in brackets the share of all "
        f"keys. Bars: 90 % intervals over {'scenes' if movies else 'conditions'}. Fitted again: "
        "probes see the changed features in training. Recentred and frozen: they were fitted with "
        "nothing taken, and asked about changed features, with and without bringing these back to "
        "their mean and scale."
    ]
    if movies:
        parts.append(
            "Pair accuracy: of matched pairs, the share whose possible movie has the higher value; "
            "two that look alike count one half. Thin line: chance."
        )
    else:
        parts.append(
            "By patch: direction by a probe for each patch, mean over patches. Place: of the "
            f"ball's start. Scores below {_FLOOR:g} stand at the edge."
        )
    if len(empty):
        names = ", ".join(dict.fromkeys(empty["window"].str.replace("_", " ")))
        parts.append(f"Of {names}, some queries keep no key.")
    parts.append(f"Clips: {made.clips}.")
    return " ".join(parts)
