"""Figure 4 (a, b) of arXiv 2602.07050: preferred directions and speeds of all units, and curves."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

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
from pez.figures.looks import GREY
from pez.figures.spec import FigureStyle

# Of `pez.inside.judges.unit_tuning.judge`.
COLUMNS = (
    "model", "control", "seed", "block", "reading", "variable", "tuned", "best", "preferred",
    "gain", "bin_00", "level_0", "low", "high",
)  # fmt: skip

_LEFT, _RIGHT, _GAP, _HEAD, _HEIGHT, _FOOT = 7.0, 3.0, 4.5, 5.0, 34.0, 8.5  # millimetres
_BAR, _SCALE = 2.2, 7.0
_CURVES = 4  # units, the best of as many parts of the circle


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw a table of `judge`: maps of direction, a row per network; of speed; and single units."""
    models = list(dict.fromkeys(table["model"]))
    step = _HEAD + _HEIGHT + _FOOT
    lines = sum(len(networks_of(table[table["model"] == model])) for model in models)
    lines += len(models)
    caption = _caption(table, made)
    sheet = open_sheet(
        "Preferred direction of all units", made, caption,
        step * lines + (_BAR + _SCALE) * len(models), style, wide=True,
    )  # fmt: skip
    width = (sheet.width - _LEFT - _RIGHT - _GAP * (len(TITLES) - 1)) / len(TITLES)
    place = 0.0
    for model in models:
        own = table[table["model"] == model]
        several = f"{model}, " if len(models) > 1 else ""
        directions, speeds = (own[own["variable"] == name] for name in ("direction", "speed"))
        networks = networks_of(own)
        top = largest(own)
        for control in networks:
            rows = directions[directions["control"] == control]
            for column, reading in enumerate(TITLES):
                there = rows[rows["reading"] == reading]
                left = _LEFT + column * (width + _GAP)
                axes = sheet.axes(left, place + _HEAD, width, _HEIGHT)
                image = draw_map(axes, there, top, "direction")
                axes.set_title(heading(there), loc="left", fontweight="bold", pad=3.0)
                axes.set_xlabel("preferred direction", labelpad=1.5)
                if column == 0:
                    axes.set_ylabel(several + whose(control, there["seed"].iloc[0]), labelpad=1.0)
            place += step
        scale = (_LEFT, place, 2 * width + _GAP, _BAR)
        draw_scale(sheet, image, scale, "gain (R2 out of fold)", style)
        place += _BAR + _SCALE
        for column, control in enumerate(networks[:2]):
            there = speeds[speeds["control"] == control]
            axes = sheet.axes(_LEFT + column * (width + _GAP), place + _HEAD, width, _HEIGHT)
            draw_map(axes, there, top, "speed")
            name = "speed" if control == NO_CONTROL else "speed, untrained"
            share = f"{100 * there['tuned'].mean():.0f} %"
            axes.set_title(f"{name}: {share}", loc="left", fontweight="bold", pad=3.0)
            axes.set_xlabel("preferred speed, m/s", labelpad=1.5)
            plain = directions[
                (directions["control"] == control) & (directions["reading"] == "plain")
            ]
            left = _LEFT + (2 + column) * (width + _GAP)
            axes = sheet.axes(left, place + _HEAD, width, _HEIGHT)
            _draw_curves(axes, plain, style)
            name = "single units" if control == NO_CONTROL else "single units, untrained"
            axes.set_title(name, loc="left", fontweight="bold", pad=3.0)
        place += step
    return Picture(sheet.figure, table, caption)


def _draw_curves(axes: Axes, rows: pd.DataFrame, style: FigureStyle) -> None:
    """Means by direction of the best unit of every part of the circle, and its fitted cosine."""
    names = [name for name in rows if str(name).startswith("level_")]
    count = int(rows[names].notna().any().sum())
    angles = 2 * np.pi * np.arange(count) / count
    fine = np.linspace(0, 2 * np.pi, 181)
    part = np.floor((rows["preferred"] % (2 * np.pi)) / (2 * np.pi) * _CURVES)
    for number in range(_CURVES):
        there = rows[(part == number) & (rows["gain"] > 0)]
        if there.empty:
            continue
        unit = there.loc[there["best"].idxmax()]
        means = unit[[f"level_{level}" for level in range(count)]].to_numpy(float)
        colour = style.colours.curves[number % len(style.colours.curves)]
        axes.plot(
            np.degrees(fine), np.cos(fine - unit["preferred"]), color=colour, linewidth=0.8,
        )  # fmt: skip
        axes.plot(
            np.degrees(angles), (means - means.mean()) / unit["gain"], "o", color=colour,
            markersize=2.6, gid=f"curve/{rows['control'].iloc[0]}/{unit['unit']:.0f}",
        )  # fmt: skip
    axes.axhline(0, color=GREY, linewidth=0.4, zorder=1)
    axes.set_xlim(-10, 370)
    axes.set_ylim(-2.1, 2.1)
    axes.set_xticks([0, 90, 180, 270, 360], ["0°", "90°", "180°", "270°", "360°"])
    axes.set_yticks([-1, 0, 1])
    axes.set_xlabel("direction", labelpad=1.5)


def _caption(table: pd.DataFrame, made: Made) -> str:
    block, point = int(table["block"].iloc[0]), str(table["point"].iloc[0])
    return (
        f"Units of block {block} ({point}): gain by cosine and sine of the direction (by a "
        "parabola in speed, as in the paper), the largest over the positions with a preferred "
        "value in the bin, out of fold (conditions held out); a line a unit, sorted by the bin of "
        "the peak. In the titles: units that gain more than any does in 95 % of permutations of "
        f"directions within speeds (and vice versa). {READINGS_IN_WORDS} Single units: the best of "
        "each quarter of the circle as in the paper; dots, means by direction at its best "
        "position, less their mean, over the length of its weights; lines, the fitted cosines. "
        f"Clips: {made.clips}."
    )
