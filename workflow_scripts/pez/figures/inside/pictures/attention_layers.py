"""Figure 19 of arXiv 2602.07050: attention distance by block, and how far the heads differ."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pez.controls.registry import find_control
from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import UNTRAINED_GREY, Made, Picture, handle, open_sheet, patch
from pez.figures.inside.shown import few_ticks
from pez.figures.looks import GREY, LEVEL_LINES, NEUTRAL, OWN
from pez.figures.spec import FigureStyle

# Of `pez.inside.attention_layers.judge_layers`.
COLUMNS = ("model", "kind", "control", "measure", "statistic", "block", "value", "low", "high")

_PANELS = {
    ("spatial", "mean"): ("Distance in space", "patches"),
    ("temporal", "mean"): ("Distance in time", "tubelets"),
    ("spatial", "specialisation"): ("Specialisation, space", "patches"),
    ("temporal", "specialisation"): ("Specialisation, time", "tubelets"),
}
_LEFT, _RIGHT, _GAP, _HEAD, _NAME, _FOOT = 12.0, 2.5, 13.0, 5.0, 4.0, 8.5  # millimetres
_PEZ_OPACITY = 0.14


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw a table of `judge_layers`: a row of panels for every model."""
    models = list(dict.fromkeys(table["model"]))
    head = _HEAD + (_NAME if len(models) > 1 else 0)
    row = head + style.panel_height_mm + _FOOT
    caption = _caption(table, made)
    sheet = open_sheet(
        "Attention distance by block", made, caption, row * len(models), style,
        _legend(table, style), wide=True,
    )  # fmt: skip
    width = (sheet.width - _LEFT - _RIGHT - _GAP * (len(_PANELS) - 1)) / len(_PANELS)
    for line, model in enumerate(models):
        own = table[table["model"] == model]
        name = f"{model}\n" if len(models) > 1 else ""
        for column, ((measure, statistic), (title, unit)) in enumerate(_PANELS.items()):
            left, top = _LEFT + column * (width + _GAP), line * row + head
            axes = sheet.axes(left, top, width, style.panel_height_mm)
            _draw(axes, own[(own["measure"] == measure) & (own["statistic"] == statistic)], style)
            axes.set_title(
                title if column else f"{name}{title}", loc="left", fontweight="bold", pad=3.0
            )
            axes.set_ylabel(unit, labelpad=2.0)
            axes.set_xlabel("block", labelpad=1.5)
    return Picture(sheet.figure, table, caption)


def _draw(axes: Axes, rows: pd.DataFrame, style: FigureStyle) -> None:
    colour = style.colours.curves[0]
    inside = rows.loc[rows["kind"] == "pez", "block"]
    if not inside.empty:
        axes.axvspan(
            inside.min() - 0.5, inside.max() + 0.5, color=style.colours.pez, alpha=_PEZ_OPACITY,
            linewidth=0, zorder=0.5, gid="pez",
        )  # fmt: skip
    level = rows.loc[rows["kind"] == "uniform", "value"].iloc[0]
    axes.axhline(level, color=GREY, zorder=1.4, gid="uniform", **LEVEL_LINES["chance"])
    for control, curve in rows[rows["kind"] == "curve"].groupby("control", sort=False):
        x, mean = curve["block"].to_numpy(), curve["value"].to_numpy()
        own = control == NO_CONTROL
        if curve["low"].notna().all():
            axes.fill_between(
                x, curve["low"].to_numpy(), curve["high"].to_numpy(), linewidth=0, zorder=2,
                color=colour if own else UNTRAINED_GREY, alpha=0.25, gid=f"{control}/band",
            )  # fmt: skip
        look = OWN.line if own else find_control(str(control)).look.line
        axes.plot(x, mean, color=colour if own else NEUTRAL, gid=str(control), **look)
    last = int(rows["block"].max())
    axes.set_xlim(-0.5, last + 0.5)
    axes.set_xticks(few_ticks(last + 1))
    top = np.nanmax([rows["value"].max(), rows["high"].max()])
    axes.set_ylim(0, 1.06 * top if top > 0 else 1.0)


def _legend(table: pd.DataFrame, style: FigureStyle) -> list[Line2D]:
    entries = [handle("the model, 90 % interval", style.colours.curves[0], **OWN.line)]
    for control in table.loc[table["kind"] == "curve", "control"].unique():
        if control != NO_CONTROL:
            look = find_control(str(control)).look
            entries.append(handle(look.label.partition(",")[0], NEUTRAL, **look.line))
    entries.append(handle("attention to all tokens alike", GREY, **LEVEL_LINES["chance"]))
    if (table["kind"] == "pez").any():
        zone = "output at .25 to .45 of depth"
        entries.append(patch(zone, style.colours.pez, alpha=2 * _PEZ_OPACITY))
    return entries


def _caption(table: pd.DataFrame, made: Made) -> str:
    seeded = table[(table["kind"] == "curve") & (table["control"] != NO_CONTROL)]
    ranges = seeded[seeded["low"].notna()]["control"].unique()
    parts = [
        "Distance from a query to a key, weighted by attention, as a mean over queries, clips and "
        "the heads of a block: Euclidean in patches within a frame, and in tubelets. "
        "Specialisation: standard deviation over the heads (population). Band of the model: 90 % "
        "interval over conditions, point by point."
    ]
    if len(ranges):
        labels = " and ".join(find_control(str(name)).words for name in ranges)
        parts.append(f"{labels.capitalize()}: mean over seeds, band from the least to the largest.")
    parts.append(f"Clips: {made.clips}.")
    return " ".join(parts)
