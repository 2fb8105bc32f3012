"""Table 3 of arXiv 2602.07050 as a picture: overlap of the subspaces of probe sequences."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import UNTRAINED_GREY, Made, Picture, handle
from pez.figures.inside.grid import draw_course, ink, open_grid, told
from pez.figures.inside.shown import few_ticks
from pez.figures.looks import GREY, LEVEL_LINES
from pez.figures.spec import FigureStyle

# Of `pez.inside.sequences.overlap_verdict.judge_overlap`.
COLUMNS = (
    "model", "control", "seed", "variable", "against", "solver", "arm", "state", "metric", "value",
    "low", "high", "near",
)  # fmt: skip

_METRICS = {
    "mean_angle": "mean angle, degrees",
    "smallest_angle": "smallest angle, degrees",
    "z_overlap": "z of the overlap",
}
_RANDOM = {"mean_angle": "haar_mean_angle", "smallest_angle": "haar_smallest_angle"}
_SOLVERS = {"adam": (0, "Adam"), "ridge": (1, "ridge")}
_ARMS = {"same clips": "-", "other clips": (0, (4, 1.6))}
_FROM = {"same clips": "the same clips", "other clips": "other clips"}
_LOOK = {"linewidth": 1.1, "zorder": 4}
_THIN = {"linewidth": 0.8, "zorder": 2}


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw angles and z: a row for every model and metric, a panel for every pair of variables."""
    models = list(dict.fromkeys(table["model"]))
    pairs = list(dict.fromkeys(zip(table["variable"], table["against"], strict=True)))
    pairs.sort(key=lambda pair: pair[0] == pair[1])
    rows = [(model, metric) for model in models for metric in _METRICS]
    caption = _caption(table, made)
    sheet, panels = open_grid(
        "Overlap of the subspaces of probes", made, caption, rows, pairs, style,
        _legend(table, style),
    )  # fmt: skip
    for ((model, metric), pair), axes in panels.items():
        own = table[(table["model"] == model) & (table["variable"] == pair[0])]
        own = own[own["against"] == pair[1]]
        _draw(axes, own, metric, style)
        if metric == "mean_angle":
            first, second = (name[:5] + "." if name == "plausibility" else name for name in pair)
            words = f"{first}, {second}" if first != second else f"{first}, itself"
            axes.set_title(told(model, models, words), loc="left", fontweight="bold", pad=3.0)
        if pair == pairs[0]:
            axes.set_ylabel(_METRICS[metric], labelpad=2.0)
        axes.set_xlabel("residual state", labelpad=1.5)
    return Picture(sheet.figure, table, caption)


def _draw(axes: Axes, rows: pd.DataFrame, metric: str, style: FigureStyle) -> None:
    for solver, (colour, _) in _SOLVERS.items():
        for arm, dashes in _ARMS.items():
            chosen = rows[(rows["solver"] == solver) & (rows["arm"] == arm)]
            for (control, seed), one in chosen.groupby(["control", "seed"], dropna=False):
                own, shown = (
                    control == NO_CONTROL,
                    one[one["metric"] == metric].dropna(subset=["value"]),
                )
                name = f"{control}/{solver}/{arm}" + ("" if own else f"/{seed}")
                if own:
                    shade = ink(style, colour)
                    draw_course(axes, shown, "state", shade, name, linestyle=dashes, **_LOOK)
                    null = one[one["metric"] == _RANDOM.get(metric)]
                    axes.plot(null["state"], null["value"], ".", color=shade, markersize=2.0)
                elif control == "untrained" and metric == "z_overlap":
                    draw_course(
                        axes, shown, "state", UNTRAINED_GREY, name, linestyle=dashes, **_THIN
                    )
    if metric == "z_overlap":
        for level in (-2, 2):
            axes.axhline(level, color=GREY, zorder=1.2, **LEVEL_LINES["chance"])
    else:
        axes.set_ylim(0, 92)
    axes.set_xticks(few_ticks(int(rows["state"].max()) + 1))


def _legend(table: pd.DataFrame, style: FigureStyle) -> list[Line2D]:
    entries = [
        handle(words, ink(style, colour), **_LOOK)
        for solver, (colour, words) in _SOLVERS.items()
        if (table["solver"] == solver).any()
    ]
    entries += [handle(f"from {_FROM[arm]}", "#333333", linestyle=dashes, **_LOOK)
                for arm, dashes in _ARMS.items()]  # fmt: skip
    entries.append(handle("random subspaces, mean", "#333333", linestyle="none", marker=".",
                          markersize=3.0))  # fmt: skip
    if (table["control"] == "untrained").any():
        entries.append(handle("untrained", UNTRAINED_GREY, **_THIN))
    entries.append(handle("z of 2", GREY, **LEVEL_LINES["chance"]))
    return entries


def _caption(table: pd.DataFrame, made: Made) -> str:
    return (
        "Principal angles between what the probes of two variables span, up to where their "
        "sequences stop; and how far the sum of squared cosines lies from that of random subspaces "
        "of as many dimensions, in their standard deviations (z). Fewer dimensions make larger "
        "angles by themselves. Itself: probes of one variable fitted to two halves of the clips, "
        "the ceiling. From other clips: each of the two fitted to another half. Bands: the least "
        f"and the largest over draws of clips. Clips: {made.clips}."
    )
