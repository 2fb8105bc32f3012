"""Figures 4c and 23 of arXiv 2602.07050: score by number of orthogonal probes taken out."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import UNTRAINED_GREY, Made, Picture, handle
from pez.figures.inside.grid import draw_course, ink, open_grid, told
from pez.figures.spec import FigureStyle

# Of `pez.inside.sequences.alternation.judge_scores`.
COLUMNS = (
    "model", "control", "seed", "variable", "solver", "arm", "number", "metric", "value", "low",
    "high", "near",
)  # fmt: skip

_ARMS = {  # number of the colour, words
    "probes": (0, "without what probes read"),
    "whitened": (2, "the same, features whitened"),
    "random": (3, "without as many random directions"),
    "shuffled": (4, "probes of shuffled labels"),
}
_SOLVERS = {"adam": "Adam", "ridge": "ridge"}
_METRICS = {"accuracy": "accuracy, %", "r2": "R2"}
_WITHIN = {"direction": "within 15 degrees, %"}
_LOOK = {"linewidth": 1.1, "zorder": 4}
_GREY = {"linewidth": 0.9, "zorder": 2}
_FLOOR = -0.5  # of R2; what lies below is not shown


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw scores: a row for every model and solver, a panel for every variable."""
    models = list(dict.fromkeys(table["model"]))
    variables = list(dict.fromkeys(table["variable"]))
    solvers = [name for name in _SOLVERS if (table["solver"] == name).any()]
    rows = [(model, solver) for model in models for solver in solvers]
    caption = _caption(table, made)
    sheet, panels = open_grid(
        "Score by number of orthogonal probes", made, caption, rows, variables, style,
        _legend(table, style),
    )  # fmt: skip
    for ((model, solver), variable), axes in panels.items():
        own = table[(table["model"] == model) & (table["solver"] == solver)]
        own = own[own["variable"] == variable]
        _draw(axes, own, style)
        words = told(model, models, f"{variable.capitalize()}, {_SOLVERS[solver]}")
        axes.set_title(words, loc="left", fontweight="bold", pad=3.0)
        metric = str(own["metric"].iloc[0])
        axes.set_ylabel(_WITHIN.get(variable, _METRICS[metric]), labelpad=2.0)
        axes.set_xlabel("probes taken out", labelpad=1.5)
    return Picture(sheet.figure, table, caption)


def _draw(axes: Axes, rows: pd.DataFrame, style: FigureStyle) -> None:
    shares = rows["metric"].iloc[0] == "accuracy"
    scaled = rows.copy()
    if shares:
        scaled[["value", "low", "high"]] *= 100
    for arm, (colour, _) in _ARMS.items():
        curves = scaled[scaled["arm"] == arm]
        for (control, seed), one in curves.groupby(["control", "seed"], dropna=False):
            if control == NO_CONTROL:
                draw_course(axes, one, "number", ink(style, colour), arm, **_LOOK)
            elif control == "untrained" and arm == "probes":
                draw_course(axes, one, "number", UNTRAINED_GREY, f"untrained/{seed}", **_GREY)
    axes.set_ylim((0, 102) if shares else (_FLOOR, 1.02))


def _legend(table: pd.DataFrame, style: FigureStyle) -> list[Line2D]:
    entries = [
        handle(words, ink(style, colour), **_LOOK)
        for arm, (colour, words) in _ARMS.items()
        if (table["arm"] == arm).any()
    ]
    if (table["control"] == "untrained").any():
        entries.append(handle("untrained, without what probes read", UNTRAINED_GREY, **_GREY))
    return entries


def _caption(table: pd.DataFrame, made: Made) -> str:
    return (
        f"Residual state {int(table['near'].iloc[0])}. The score, on clips held out, of a probe "
        "that is fitted after what so many probes read was taken out of the features. Adam: rate, "
        "decay and epochs as in the paper's appendix. Lines: median over draws of held-out "
        f"conditions or scenes; bands: the least and the largest. R2 below {_FLOOR:g} is not "
        f"shown. Clips: {made.clips}."
    )
