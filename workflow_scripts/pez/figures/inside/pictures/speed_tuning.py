"""Figure 21 of arXiv 2602.07050: preferred speeds of all units, in every reading."""

import pandas as pd

from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import Made, Picture, open_sheet
from pez.figures.inside.scale import draw_scale
from pez.figures.inside.tuning_maps import (
    READINGS_IN_WORDS,
    TITLES,
    draw_map,
    heading,
    largest,
    networks_of,
    whose,
)
from pez.figures.spec import FigureStyle

# Of `pez.inside.judges.unit_tuning.judge`.
COLUMNS = (
    "model", "control", "seed", "block", "reading", "variable", "tuned", "best", "preferred",
    "bin_00", "low", "high",
)  # fmt: skip

_LEFT, _RIGHT, _GAP, _HEAD, _HEIGHT, _FOOT, _BAR = 7.0, 3.0, 4.5, 5.0, 34.0, 8.5, 2.2
_SCALE = 9.0  # millimetres, as all


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw a table of `judge`: a row of maps for every model and its untrained network."""
    networks = [
        (model, control)
        for model, rows in table.groupby("model", sort=False)
        for control in networks_of(rows)
    ]
    step = _HEAD + _HEIGHT + _FOOT
    caption = _caption(table, made)
    sheet = open_sheet(
        "Preferred speed of all units", made, caption, step * len(networks) + _BAR + _SCALE, style,
        wide=True,
    )  # fmt: skip
    width = (sheet.width - _LEFT - _RIGHT - _GAP * (len(TITLES) - 1)) / len(TITLES)
    top = largest(table)
    for line, (model, control) in enumerate(networks):
        own = table[(table["model"] == model) & (table["control"] == control)]
        for column, reading in enumerate(TITLES):
            rows = own[own["reading"] == reading]
            left = _LEFT + column * (width + _GAP)
            axes = sheet.axes(left, line * step + _HEAD, width, _HEIGHT)
            image = draw_map(axes, rows, top, "speed")
            axes.set_title(heading(rows), loc="left", fontweight="bold", pad=3.0)
            axes.set_xlabel("preferred speed, m/s", labelpad=1.5)
            if column == 0:
                several = f"{model}, " if table["model"].nunique() > 1 else ""
                axes.set_ylabel(several + whose(control, rows["seed"].iloc[0]), labelpad=1.0)
    place = (_LEFT, step * len(networks), 2 * width + _GAP, _BAR)
    draw_scale(sheet, image, place, "gain (R2 out of fold)", style)
    return Picture(sheet.figure, table, caption)


def _caption(table: pd.DataFrame, made: Made) -> str:
    block = int(table["block"].iloc[0])
    point = str(table["point"].iloc[0])
    untrained = "" if (table["control"] != NO_CONTROL).any() else " No untrained network is shown."
    return (
        f"Units of block {block} ({point}): gain by a parabola in speed, the largest over the "
        "positions with a preferred speed in the bin, out of fold (conditions held out); a line a "
        "unit with any, sorted by the bin of the peak. In the titles: units that gain more than "
        f"any does in 95 % of permutations of speeds within directions. {READINGS_IN_WORDS}"
        f"{untrained} Clips: {made.clips}."
    )
