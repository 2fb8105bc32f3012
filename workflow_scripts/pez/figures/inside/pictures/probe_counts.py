"""Figure 22 of arXiv 2602.07050: number of orthogonal probes that read a variable, by state."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import UNTRAINED_GREY, Made, Picture, handle
from pez.figures.inside.grid import draw_course, ink, open_grid, told
from pez.figures.inside.shown import few_ticks
from pez.figures.spec import FigureStyle

# Of `pez.inside.sequences.counts.judge_counts`.
COLUMNS = (
    "model", "control", "seed", "rule", "variable", "solver", "arm", "state", "value", "low",
    "high", "at_least", "near",
)  # fmt: skip

_RULES = {"appendix": "appendix C.11", "caption": "caption of figure 22"}
_CURVES = {  # arm and solver: number of the colour, words
    ("probes", "adam"): (0, "Adam, as the paper states it"),
    ("probes", "ridge"): (1, "ridge"),
    ("whitened", "ridge"): (2, "ridge, features whitened"),
}
_DASHES = {"adam": "-", "ridge": (0, (4, 1.6))}
_LOOK = {"linewidth": 1.2, "zorder": 4}
_GREY = {"linewidth": 0.9, "zorder": 2}


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw counts: a row for every model and rule, a panel for every variable."""
    models = list(dict.fromkeys(table["model"]))
    variables = list(dict.fromkeys(table["variable"]))
    rows = [(model, rule) for model in models for rule in _RULES]
    caption = _caption(table, made)
    sheet, panels = open_grid(
        "Number of orthogonal probes", made, caption, rows, variables, style, _legend(table, style)
    )
    for ((model, rule), variable), axes in panels.items():
        own = table[(table["model"] == model) & (table["rule"] == rule)]
        own = own[own["variable"] == variable]
        _draw(axes, own, style)
        words = told(model, models, f"{variable.capitalize()}, {_RULES[rule]}")
        axes.set_title(words, loc="left", fontweight="bold", pad=3.0)
        axes.set_xlabel("residual state", labelpad=1.5)
        if variable == variables[0]:
            axes.set_ylabel("probes", labelpad=2.0)
    return Picture(sheet.figure, table, caption)


def _draw(axes: Axes, rows: pd.DataFrame, style: FigureStyle) -> None:
    for (arm, solver), (colour, _) in _CURVES.items():
        curves = rows[(rows["arm"] == arm) & (rows["solver"] == solver)]
        for (control, seed), one in curves.groupby(["control", "seed"], dropna=False):
            if control == NO_CONTROL:
                shade = ink(style, colour)
                draw_course(axes, one, "state", shade, f"{arm}/{solver}", **_LOOK)
                least = one[one["at_least"]]
                axes.plot(
                    least["state"], least["value"], "^", color=shade, markersize=3.0, zorder=5,
                    gid=f"{arm}/{solver}/at least",
                )  # fmt: skip
            elif control == "untrained" and arm == "probes":
                draw_course(
                    axes, one, "state", UNTRAINED_GREY, f"untrained/{solver}/{seed}",
                    linestyle=_DASHES[solver], **_GREY,
                )  # fmt: skip
    last = int(rows["state"].max())
    axes.axvline(int(rows["near"].iloc[0]), color=style.colours.pez, linewidth=0.9, zorder=1)
    axes.set_xticks(few_ticks(last + 1))
    axes.set_ylim(0, max(1.08 * float(rows["high"].max()), 5))
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))


def _legend(table: pd.DataFrame, style: FigureStyle) -> list[Line2D]:
    entries = [
        handle(words, ink(style, colour), **_LOOK)
        for (arm, solver), (colour, words) in _CURVES.items()
        if ((table["arm"] == arm) & (table["solver"] == solver)).any()
    ]
    if table["at_least"].any():
        entries.append(handle("at least", "#333333", linestyle="none", marker="^", markersize=3.0))
    for solver in table.loc[table["control"] == "untrained", "solver"].unique():
        entries.append(
            handle(f"untrained, {solver}", UNTRAINED_GREY, linestyle=_DASHES[solver], **_GREY)
        )
    return entries


def _caption(table: pd.DataFrame, made: Made) -> str:
    return (
        "A probe is fitted to features averaged over all tokens, what its weights span is taken "
        "out of them, and another is fitted, until clips held out are read no more: direction with "
        "R2 below .1 or 80 degrees off, speed below R2 .05 or 90 % of the error of the mean, "
        "plausibility below 55 % (appendix C.11); R2 .3, R2 .1, 55 % (caption). Lines: median over "
        "draws of held-out conditions or scenes; bands: the least and the largest. Triangles: the "
        "sequence was over, or the space was empty, before the rule was met. Vertical line: the "
        f"state that is looked at closely. Clips: {made.clips}."
    )
