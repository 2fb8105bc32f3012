"""Figure 20 of arXiv 2602.07050: tuning vectors of all units, block by block."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator

from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import UNTRAINED_GREY, Made, Picture, handle, open_sheet
from pez.figures.inside.tuning_maps import TITLES, networks_of, whose
from pez.figures.looks import GREY
from pez.figures.spec import FigureStyle

# Of `pez.inside.judges.unit_tuning.judge`.
COLUMNS = (
    "model", "control", "seed", "block", "reading", "variable", "tuned", "weight_1", "weight_2",
)  # fmt: skip

_LEFT, _RIGHT, _GAP, _HEAD, _FOOT = 15.0, 3.0, 10.0, 5.0, 9.5  # millimetres
_FAINT = "#D9D9D9"
_SHOWN = 0.98  # of tuned units, whose vectors lie within the panel


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw a table of `judge`: a row of panels a network, a panel a block and reading."""
    networks = [
        (model, control)
        for model, rows in table.groupby("model", sort=False)
        for control in networks_of(rows)
    ]
    panels = list(dict.fromkeys(zip(table["reading"], table["block"], strict=True)))
    width = (style.sheet_mm - _LEFT - _RIGHT - _GAP * (len(panels) - 1)) / len(panels)
    step = _HEAD + width + _FOOT
    caption = _caption(table, made)
    legend = [
        handle("tuned units", style.colours.curves[0], linewidth=1.2),
        handle("the same, untrained", UNTRAINED_GREY, linewidth=1.2),
        handle("others", _FAINT, linewidth=1.2),
    ]
    sheet = open_sheet(
        "Tuning vectors of units", made, caption, step * len(networks), style, legend, wide=True
    )
    for line, (model, control) in enumerate(networks):
        own = table[(table["model"] == model) & (table["control"] == control)]
        for column, (reading, block) in enumerate(panels):
            rows = own[(own["reading"] == reading) & (own["block"] == block)]
            left = _LEFT + column * (width + _GAP)
            axes = sheet.axes(left, line * step + _HEAD, width, width)
            colour = style.colours.curves[0] if control == NO_CONTROL else UNTRAINED_GREY
            _draw(axes, rows, colour)
            told = "" if reading == "plain" else f", {TITLES[str(reading)]}"
            axes.set_title(f"block {block}{told}", loc="left", fontweight="bold", pad=3.0)
            if column == 0:
                several = f"{model}, " if table["model"].nunique() > 1 else ""
                told = whose(control, rows["seed"].iloc[0])
                axes.set_ylabel(f"{several}{told}: sine", labelpad=2.0)
            axes.set_xlabel("cosine", labelpad=1.5)
    return Picture(sheet.figure, table, caption)


def _draw(axes: Axes, rows: pd.DataFrame, colour: str) -> None:
    ends = rows[["weight_1", "weight_2"]].to_numpy(float)
    tuned = rows["tuned"].to_numpy(bool)
    for which, ink, name in ((~tuned, _FAINT, "others"), (tuned, colour, "tuned")):
        lines = np.stack([np.zeros_like(ends[which]), ends[which]], axis=1)
        found = LineCollection(
            list(lines), colors=ink, linewidths=0.35, zorder=2 if name == "tuned" else 1.5,
            gid=f"{rows['control'].iloc[0]}/{rows['block'].iloc[0]}/{name}", rasterized=True,
        )  # fmt: skip
        axes.add_collection(found)
    shown = np.hypot(*(ends[tuned] if tuned.any() else ends).T)
    reach = 1.05 * max(float(np.nanquantile(shown, _SHOWN)), 1e-12)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_aspect("equal")
    axes.ticklabel_format(style="sci", scilimits=(-2, 3), useMathText=True)
    axes.yaxis.offsetText.set_visible(False)  # the same as across
    axes.axhline(0, color=GREY, linewidth=0.4, zorder=1)
    axes.axvline(0, color=GREY, linewidth=0.4, zorder=1)
    ticks = MaxNLocator(nbins=2, symmetric=True, steps=[1, 2, 4, 5, 10])
    axes.xaxis.set_major_locator(ticks)
    axes.yaxis.set_major_locator(ticks)
    axes.tick_params(axis="y", labelrotation=90)
    for label in axes.get_yticklabels():
        label.set_verticalalignment("center")
    axes.grid(False)


def _caption(table: pd.DataFrame, made: Made) -> str:
    point = str(table["point"].iloc[0])
    return (
        f"Weights of cosine and sine of the direction in every unit ({point}), at the position "
        "where they gain most out of fold; in units of activation, each panel on its own scale, "
        "which 2 % of tuned units exceed, and many others. Tuned: units that gain more than any "
        "does in 95 % of permutations of directions within speeds. Given place: beside where the "
        "ball is in the frame and what it covers of the "
        f"patches about. Clips: {made.clips}."
    )
