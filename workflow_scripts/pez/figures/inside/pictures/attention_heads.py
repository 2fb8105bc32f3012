"""Figure 3 of arXiv 2602.07050: attention distance of every head, beside an untrained network."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import Made, Picture, open_sheet
from pez.figures.inside.scale import draw_scale
from pez.figures.inside.shown import few_ticks
from pez.figures.spec import FigureStyle

# Of `pez.inside.attention_heads.judge_heads`.
COLUMNS = ("model", "control", "seed", "measure", "block", "head", "value", "uniform")

_UNITS = {"spatial": "patches", "temporal": "tubelets"}
_LEFT, _RIGHT, _GAP, _HEAD, _NAME = 9.0, 2.5, 4.0, 5.0, 4.0  # millimetres
_BAR_GAP, _BAR, _FOOT = 8.5, 2.2, 9.5


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw a table of `judge_heads`: a row of maps for every model."""
    models = list(dict.fromkeys(table["model"]))
    height = style.panel_height_mm
    head = _HEAD + (_NAME if len(models) > 1 else 0)
    row = head + height + _BAR_GAP + _BAR + _FOOT
    caption = _caption(table, made)
    title = "Attention distance of every head"
    sheet = open_sheet(title, made, caption, row * len(models), style, wide=True)
    for line, model in enumerate(models):
        own = table[table["model"] == model]
        networks = list(dict.fromkeys(own["control"]))
        count = len(_UNITS) * len(networks)
        width = (sheet.width - _LEFT - _RIGHT - _GAP * (count - 1)) / count
        for group, (measure, unit) in enumerate(_UNITS.items()):
            rows = own[own["measure"] == measure]
            left = _LEFT + group * len(networks) * (width + _GAP)
            for place, control in enumerate(networks):
                of_network = rows[rows["control"] == control]
                where = (left + place * (width + _GAP), line * row + head, width, height)
                axes = sheet.axes(*where)
                image = _draw(axes, of_network, _reach(rows))
                told = measure if control == NO_CONTROL else f"{measure}, untrained"
                first = group == place == 0
                name = f"{model}\n" if first and len(models) > 1 else ""
                axes.set_title(f"{name}{told}", loc="left", fontweight="bold", pad=3.0)
                axes.tick_params(labelleft=first)
                if first:
                    axes.set_ylabel("head", labelpad=2.0)
            span = len(networks) * (width + _GAP) - _GAP
            top = line * row + head + height + _BAR_GAP
            at, label = (left, top, span, _BAR), f"{measure} distance, {unit}"
            middle = sum(image.get_clim()) / 2
            draw_scale(sheet, image, at, label, style).axvline(middle, color="black", linewidth=0.8)
    return Picture(sheet.figure, table, caption)


def _reach(rows: pd.DataFrame) -> float:
    """Largest distance from uniform attention of any head of any network."""
    return max(float((rows["value"] - rows["uniform"]).abs().max()), 1e-9)


def _draw(axes: Axes, rows: pd.DataFrame, reach: float) -> AxesImage:
    values = rows.pivot(index="head", columns="block", values="value").to_numpy(float)
    uniform = float(rows["uniform"].iloc[0])
    heads, blocks = values.shape
    image = axes.imshow(
        values,
        aspect="auto",
        cmap="PuOr",
        vmin=uniform - reach,
        vmax=uniform + reach,
        interpolation="nearest",
        gid=f"{rows['measure'].iloc[0]}/{rows['control'].iloc[0]}",
    )
    axes.set_xticks(few_ticks(blocks))
    axes.set_yticks(few_ticks(heads))
    axes.set_xlabel("block", labelpad=1.5)
    axes.grid(False)
    return image


def _caption(table: pd.DataFrame, made: Made) -> str:
    parts = [
        "Distance from a query to a key, weighted by attention, as a mean over queries and clips: "
        "Euclidean in patches within a frame, and in tubelets. White, and the "
        "line in the scale: attention to all tokens alike."
    ]
    seeds = table.loc[table["control"] != NO_CONTROL, "seed"].unique()
    if len(seeds):
        parts.append(
            f"Untrained: the same architecture, random weights, seed {seeds[0]}; the order of its "
            "heads has nothing to do with that of the model's."
        )
    else:
        parts.append("No untrained network stands beside it.")
    parts.append(f"Clips: {made.clips}.")
    return " ".join(parts)
