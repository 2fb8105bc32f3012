"""Figure 24 of arXiv 2602.07050: what a held-out probe reads of steered features."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import UNTRAINED_GREY, Made, Picture, handle
from pez.figures.inside.grid import draw_course, ink, open_grid, told
from pez.figures.looks import GREY, LEVEL_LINES
from pez.figures.spec import FigureStyle

# Of `pez.inside.sequences.steering_verdict.judge_steering`.
COLUMNS = (
    "model", "control", "seed", "solver", "arm", "state", "number", "metric", "value", "low",
    "high", "near",
)  # fmt: skip

_METRICS = {
    "to_target": "To the target",
    "to_truth": "To the truth",
    "radius": "Length read",
    "edit": "Length of the edit",
    "speed_change": "Speed moves by",
}
_ARMS = {  # number of the colour, words
    "probes": (0, "probes"),
    "random subspace": (3, "random subspace, own least squares"),
    "random, as long": (4, "random plane, as long"),
    "shuffled": (5, "probes of shuffled labels"),
}
_LEVELS = {  # without a number of probes
    "plane": (2, "plane of the directions' means, 2 dimensions"),
    "class means": (1, "difference of two directions' means"),
}
_SOLVERS = {"adam": "Adam", "ridge": "ridge"}
_LOOK = {"linewidth": 1.1, "marker": "o", "markersize": 2.0, "zorder": 4}
_GREY = {"linewidth": 0.9, "marker": "o", "markersize": 1.6, "zorder": 2}
_LEVEL: dict[str, Any] = {"linewidth": 1.1, "linestyle": (0, (1, 1.2)), "zorder": 3}


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw effects of edits: a row for every model and solver, a panel for every metric."""
    models = list(dict.fromkeys(table["model"]))
    solvers = [name for name in _SOLVERS if (table["solver"] == name).any()]
    rows = [(model, solver) for model in models for solver in solvers]
    caption = _caption(table, made)
    sheet, panels = open_grid(
        "Steering direction", made, caption, rows, list(_METRICS), style, _legend(table, style)
    )
    for ((model, solver), metric), axes in panels.items():
        own = table[(table["model"] == model) & (table["metric"] == metric)]
        _draw(axes, own[own["solver"].isin((solver, ""))], metric, style)
        if solver == solvers[0]:
            axes.set_title(_METRICS[metric], loc="left", fontweight="bold", pad=3.0)
        if metric == "to_target":
            axes.set_ylabel(f"{told(model, models, _SOLVERS[solver])}: degrees", labelpad=2.0)
        axes.set_xlabel("probes", labelpad=1.5)
    return Picture(sheet.figure, table, caption)


def _draw(axes: Axes, rows: pd.DataFrame, metric: str, style: FigureStyle) -> None:
    own = rows[rows["control"] == NO_CONTROL]
    for arm, (colour, _) in _ARMS.items():
        curve = own[own["arm"] == arm]
        draw_course(axes, curve, "number", ink(style, colour), arm, **_LOOK)
    for arm, (colour, _) in _LEVELS.items():
        for value in own.loc[own["arm"] == arm, "value"]:
            axes.axhline(value, color=ink(style, colour), gid=arm, **_LEVEL)
    for value in own.loc[own["arm"] == "nothing", "value"]:
        axes.axhline(value, color=GREY, zorder=1.2, gid="nothing", **LEVEL_LINES["chance"])
    untrained = rows[(rows["control"] == "untrained") & (rows["arm"] == "probes")]
    for seed, one in untrained.groupby("seed"):
        draw_course(axes, one, "number", UNTRAINED_GREY, f"untrained/{seed}", **_GREY)
    # edits within random subspaces can be as long as one likes
    fair = rows[~rows["arm"].isin(("random subspace", "shuffled"))]
    top = 182.0 if metric.startswith("to_") else 1.15 * float(fair["high"].max())
    axes.set_ylim(0, max(top, 1e-6))
    if metric.startswith("to_"):
        axes.set_yticks((0, 45, 90, 135, 180))


def _legend(table: pd.DataFrame, style: FigureStyle) -> list[Line2D]:
    arms = {arm: _ARMS[arm] for arm in _ARMS if (table["arm"] == arm).any()}
    entries = [handle(words, ink(style, colour), **_LOOK) for colour, words in arms.values()]
    entries += [handle(words, ink(style, colour), **_LEVEL) for colour, words in _LEVELS.values()]
    entries.append(handle("no edit", GREY, **LEVEL_LINES["chance"]))
    if (table["control"] == "untrained").any():
        entries.append(handle("untrained, probes", UNTRAINED_GREY, **_GREY))
    return entries


def _caption(table: pd.DataFrame, made: Made) -> str:
    return (
        f"Residual state {int(table['near'].iloc[0])}, features averaged over all tokens. Clips "
        "held out are moved by the smallest edit that makes the first so many orthogonal probes "
        "read a target, each of all directions in turn; a ridge probe that was fitted to other "
        "clips, none of them moved, reads the result. Plane: moved within the plane of the mean "
        "features of the directions, as far as the first probe says. To target, to truth: "
        "mean angle from the read direction. Length read: of the pair (sine, cosine). Length of "
        "the edit: in mean distances of a clip from the mean. Speed: in standard deviations. What "
        "lies above a panel is not shown. Lines: median over draws of clips; bands: the least and "
        f"the largest. Clips: {made.clips}."
    )
