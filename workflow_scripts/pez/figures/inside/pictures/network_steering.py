"""Figure 24 of arXiv 2602.07050, continued: direction edited at a state, read at later ones."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import UNTRAINED_GREY, Made, Picture, handle
from pez.figures.inside.grid import draw_course, ink, open_grid, told
from pez.figures.inside.shown import few_ticks
from pez.figures.looks import GREY
from pez.figures.spec import FigureStyle
from pez.inside.steering.spoken import other_in_words

# Of `pez.inside.judges.network_steering.judge`.
COLUMNS = (
    "model", "control", "seed", "tokens", "arm", "edited", "state", "metric", "value", "low",
    "high", "counterfactual", "apart_m",
)  # fmt: skip

_ROWS = (  # tokens that are edited, metric, words
    ("all tokens", "to_target", "degrees to target"),
    ("all tokens", "to_truth", "degrees to truth"),
    ("all tokens", "radius", "length read"),
    ("under the ball", "to_target", "ball alone: to target"),
)
_ARMS = {  # number of the colour, words
    "class means": (0, "difference of two directions' means"),
    "plane": (1, "plane of the means"),
    "probes": (2, "orthogonal probes"),
    "random, as long": (4, "random, as long as that of the means"),
    "carried": (5, "that of the means, no blocks between"),
}
_LEVELS = {"nothing": "no edit", "other clip": "other clip, of the target direction"}
_LOOK: dict[str, Any] = {"linewidth": 1.1, "marker": "o", "markersize": 1.8, "zorder": 4}
_GREY: dict[str, Any] = {"linewidth": 0.9, "marker": "o", "markersize": 1.4, "zorder": 2}
_LEVEL: dict[str, dict[str, Any]] = {
    "nothing": {"color": GREY, "linewidth": 1.1, "linestyle": (0, (1, 1.2))},
    "other clip": {"color": GREY, "linewidth": 1.1, "linestyle": (0, (4, 1.2))},
}


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw effects of edits: a column for every edited state, rows for what is asked."""
    models = list(dict.fromkeys(table["model"]))
    edited = sorted(table.loc[table["edited"] >= 0, "edited"].unique())
    rows = [(model, tokens, metric) for model in models for tokens, metric, _ in _ROWS]
    caption = _caption(table, made)
    sheet, panels = open_grid(
        "Direction edited at a state, and read at later ones", made, caption, rows, edited, style,
        _legend(table, style),
    )  # fmt: skip
    words = {(tokens, metric): text for tokens, metric, text in _ROWS}
    for ((model, tokens, metric), first), axes in panels.items():
        own = table[(table["model"] == model) & (table["metric"] == metric)]
        _draw(axes, own, tokens, int(first), style)
        if metric == "radius":
            axes.set_ylim(0, 1.15 * max(float(own["high"].max()), 1e-6))
        else:
            axes.set_ylim(0, 182)
            axes.set_yticks((0, 45, 90, 135, 180))
        if (tokens, metric) == _ROWS[0][:2]:
            axes.set_title(f"edited at state {first}", loc="left", fontweight="bold", pad=3.0)
        if first == edited[0]:
            axes.set_ylabel(told(model, models, words[tokens, metric]), labelpad=2.0)
        last = int(table["state"].max())
        axes.set_xlim(first - 0.4, last + 0.4)
        axes.set_xticks([state for state in few_ticks(last + 1) if state >= first])
        axes.set_xlabel("residual state that is read", labelpad=1.5)
    return Picture(sheet.figure, table, caption)


def _draw(axes: Axes, rows: pd.DataFrame, tokens: str, first: int, style: FigureStyle) -> None:
    own = rows[rows["control"] == NO_CONTROL]
    edits = rows[(rows["tokens"] == tokens) & (rows["edited"] == first)]
    for arm, (colour, _) in _ARMS.items():
        course = edits[(edits["control"] == NO_CONTROL) & (edits["arm"] == arm)]
        if len(course):
            draw_course(axes, course, "state", ink(style, colour), arm, **_LOOK)
    for arm, look in _LEVEL.items():
        level = own[(own["arm"] == arm) & (own["state"] >= first)].sort_values("state")
        axes.plot(level["state"], level["value"], gid=arm, zorder=1.2, **look)
    untrained = edits[(edits["control"] == "untrained") & (edits["arm"] == "class means")]
    for seed, one in untrained.groupby("seed"):
        draw_course(axes, one, "state", UNTRAINED_GREY, f"untrained/{seed}", **_GREY)


def _legend(table: pd.DataFrame, style: FigureStyle) -> list[Line2D]:
    entries = [handle(words, ink(style, colour), **_LOOK) for colour, words in _ARMS.values()]
    for arm, words in _LEVELS.items():
        look = dict(_LEVEL[arm])
        entries.append(handle(words, look.pop("color"), **look))
    if (table["control"] == "untrained").any():
        entries.append(handle("untrained, difference of means", UNTRAINED_GREY, **_GREY))
    return entries


def _caption(table: pd.DataFrame, made: Made) -> str:
    first = table.iloc[0]
    return (
        "An edit of direction is added to all tokens at one residual state, or to those under the "
        "ball, and the rest of the network runs on. Ridge probes of the mean over all tokens, "
        "fitted at every state to clips of other magnitudes as they are, none of which an edit was "
        "made of, read the result. Every clip is turned to one other direction. Difference of "
        "means: of the target's clips less the clip's own. Plane: along the plane of the "
        "directions' means, as far as a probe says. Orthogonal probes: the smallest edit that "
        "makes them read the target. No blocks between: the means' edit added where it is read. "
        f"{other_in_words(float(first['counterfactual']), float(first['apart_m']))} Length: of the "
        "pair (sine, cosine) that is read. Bands: 90 % intervals over conditions. Clips: "
        f"{made.clips}."
    )
