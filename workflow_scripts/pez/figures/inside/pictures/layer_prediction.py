"""Figure 11 of arXiv 2602.07050: movies told apart by predictors on every layer."""

from typing import Any

import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D

from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import UNTRAINED_DASHES, UNTRAINED_GREY, Made, Picture, handle
from pez.figures.inside.grid import draw_course, open_grid, told
from pez.figures.looks import GREY, LEVEL_LINES, OWN
from pez.figures.spec import FigureStyle

# Of `pez.inside.judges.layer_prediction.judge`.
COLUMNS = (
    "model", "control", "seed", "predictor", "reading", "state", "tokens", "context", "metric",
    "value", "low", "high",
)  # fmt: skip

_ROWS = {  # metric and tokens
    ("pairwise", "all"): "matched pairs, %",
    ("relative", "all"): "scenes, %",
    ("pairwise", "differing"): "pairs, tokens that differ, %",
}
_PANELS = {  # predictor and reading
    ("trained", "same"): "Same state",
    ("trained", "last"): "Last state",
    ("no_change", "same"): "Nothing changes",
    ("mean", "same"): "Mean target",
}
_SHADES = (0.35, 0.9)  # of the shortest and the longest context
_UNTRAINED: dict[str, Any] = {"linewidth": 1.0, "linestyle": UNTRAINED_DASHES, "zorder": 2.5}


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw accuracies by state: a panel for every measure and kind of prediction."""
    models = list(dict.fromkeys(table["model"]))
    rows = [(model, row) for model in models for row in _ROWS]
    caption = _caption(made)
    sheet, panels = open_grid(
        "Possible or impossible, by what predictors did not foresee", made, caption, rows,
        list(_PANELS), style, _legend(table, style),
    )  # fmt: skip
    for ((model, (metric, tokens)), (predictor, reading)), axes in panels.items():
        shown = {
            "model": model,
            "metric": metric,
            "tokens": tokens,
            "predictor": predictor,
            "reading": reading,
        }
        own = table[(table[list(shown)] == pd.Series(shown)).all(axis=1)].copy()
        own[["value", "low", "high"]] *= 100
        _draw(axes, own, style)
        words = told(model, models, _PANELS[predictor, reading])
        axes.set_title(words, loc="left", fontweight="bold", pad=3.0)
        if (predictor, reading) == next(iter(_PANELS)):
            axes.set_ylabel(_ROWS[metric, tokens], labelpad=2.0)
        axes.set_xlabel("residual state", labelpad=1.5)
    return Picture(sheet.figure, table, caption)


def _draw(axes: Axes, rows: pd.DataFrame, style: FigureStyle) -> None:
    axes.axhline(50, color=GREY, zorder=1.4, gid="chance", **LEVEL_LINES["chance"])
    mean = rows[rows["context"].isna()]
    for seed, other in mean[mean["control"] == "untrained"].groupby("seed"):
        ordered = other.sort_values("state")
        axes.plot(
            ordered["state"].to_numpy(int), ordered["value"].to_numpy(float), color=UNTRAINED_GREY,
            gid=f"untrained/{seed}", **_UNTRAINED,
        )  # fmt: skip
    own = rows[rows["control"] == NO_CONTROL]
    for context, colour in _colours(rows).items():
        ordered = own[own["context"] == context].sort_values("state")
        axes.plot(
            ordered["state"].to_numpy(int), ordered["value"].to_numpy(float),
            color=colour, linewidth=0.8, zorder=3, gid=f"context/{context}",
        )  # fmt: skip
    draw_course(
        axes, mean[mean["control"] == NO_CONTROL], "state", style.colours.curves[0], "mean",
        **OWN.line,
    )  # fmt: skip
    states = sorted(int(state) for state in rows["state"].unique())
    axes.set_xticks(states)
    axes.set_xlim(-0.04 * states[-1], 1.04 * states[-1])
    axes.set_ylim(0, 103)
    axes.set_yticks((0, 25, 50, 75, 100))


def _colours(rows: pd.DataFrame) -> dict[int, str]:
    """A shade for every context, darker the longer it is."""
    contexts = sorted(int(context) for context in rows["context"].dropna().unique())
    low, high = _SHADES
    step = (high - low) / max(len(contexts) - 1, 1)
    shades = colormaps["YlOrBr"]
    return {context: to_hex(shades(low + step * i)) for i, context in enumerate(contexts)}


def _legend(table: pd.DataFrame, style: FigureStyle) -> list[Line2D]:
    entries = [handle("mean over contexts, 90 % interval", style.colours.curves[0], **OWN.line)]
    entries += [
        handle(f"{context} frames seen", colour, linewidth=0.8)
        for context, colour in _colours(table).items()
    ]
    if (table["control"] == "untrained").any():
        entries.append(handle("untrained, mean over contexts", UNTRAINED_GREY, **_UNTRAINED))
    entries.append(handle("chance", GREY, **LEVEL_LINES["chance"]))
    return entries


def _caption(made: Made) -> str:
    return (
        "A small predictor on each state sees the first frames of a window, which the encoder has "
        "encoded alone, and foresees the other tokens of the whole window: at the same state, or "
        "at the last. Surprise of a movie is the mean absolute error over its windows. Matched "
        "pairs: how often the possible movie of a pair surprises less; scenes: how often both "
        "possible movies together do; ties count one half. Nothing changes: the last tubelet that "
        "was seen stands for every other; mean target: the mean of training does; both at the "
        "same state. Tokens that differ: only those whose pixels differ between the movies of a "
        "pair. Predictors of an untrained network are trained as the others are. Intervals: over "
        f"scenes. Clips: {made.clips}."
    )
