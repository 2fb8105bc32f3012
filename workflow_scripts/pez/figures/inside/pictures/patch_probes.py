"""Figure 18 of arXiv 2602.07050: direction by patch, between halves, and by distance."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import (
    UNTRAINED_DASHES,
    UNTRAINED_GREY,
    Made,
    Picture,
    Sheet,
    handle,
    open_sheet,
)
from pez.figures.inside.patch_maps import (
    FLOOR,
    GAP,
    HEAD,
    LEFT,
    RIGHT,
    draw_maps,
    draw_profiles,
    levels,
    map_side,
    maps_height,
    score_axis,
)
from pez.figures.inside.shown import few_ticks
from pez.figures.looks import GREY, NEUTRAL, OWN, PEZ_LINE
from pez.figures.spec import FigureStyle

# Of `pez.inside.judges.patch_probes.judge`.
COLUMNS = (
    "model", "control", "seed", "kind", "what", "pair", "reading", "state", "row", "column",
    "distance", "value", "low", "high",
)  # fmt: skip

# Panels of curves: title; the main curve, and what stands beside it, as (what, reading).
_PANELS = {
    "By patch, and all tokens": [("patch_mean", ""), ("pooled", "")],
    "Away from the ball": [("far", "")],
    "Halves of the frame": [
        ("tokens", "across"), ("tokens", "within"), ("tokens", "recentred"),
    ],
    "Clips by half": [
        ("clips_by_path", "across"), ("clips_by_path", "within"), ("clips_by_path", "recentred"),
    ],
}  # fmt: skip
_NAME, _FOOT = 4.0, 9.0  # millimetres


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw, for every model, a row of curves, one or two of maps, and one of profiles."""
    models = list(dict.fromkeys(table["model"]))
    caption = _caption(table, made)
    side = map_side(style)
    heights = [_height(_of_model(table, model), side, style, len(models)) for model in models]
    sheet = open_sheet(
        "Direction by patch, and from one half for the other", made, caption, sum(heights), style,
        _legend(table, style), wide=True,
    )  # fmt: skip
    top = 0.0
    for model, height in zip(models, heights, strict=True):
        own = _of_model(table, model)
        name = f"{model}\n" if len(models) > 1 else ""
        at = _draw_curves(sheet, own, top + _head(len(models)), name, style)
        at = draw_maps(sheet, own, at, side, style)
        draw_profiles(sheet, own, at, style)
        top += height
    return Picture(sheet.figure, table, caption)


def _of_model(table: pd.DataFrame, model: str) -> pd.DataFrame:
    return table[table["model"] == model]


def _head(models: int) -> float:
    return HEAD + (_NAME if models > 1 else 0)


def _height(own: pd.DataFrame, side: float, style: FigureStyle, models: int) -> float:
    rows = 2 * (style.panel_height_mm + _FOOT) + maps_height(own, side)
    return _head(models) + rows + HEAD


def _draw_curves(
    sheet: Sheet, own: pd.DataFrame, top: float, name: str, style: FigureStyle
) -> float:
    width = (sheet.width - LEFT - RIGHT - GAP * (len(_PANELS) - 1)) / len(_PANELS)
    for column, (title, curves) in enumerate(_PANELS.items()):
        left = LEFT + column * (width + GAP)
        axes = sheet.axes(left, top, width, style.panel_height_mm)
        for place, (what, reading) in enumerate(curves):
            rows = own[(own["what"] == what) & (own["reading"] == reading)]
            rows = rows[(rows["kind"] == "curve") & rows["pair"].isin(("", "all"))]
            _draw_curve(axes, rows, f"{what}/{reading}", style.colours.curves[place], place == 0)
            for read, look in levels():
                level = own[(own["kind"] == "level") & (own["what"] == f"{what}_{read}")]
                if len(level):
                    axes.axhline(max(level["value"].iloc[0], FLOOR), color=NEUTRAL, **look)
        _finish(axes, own)
        axes.set_title(title if column else f"{name}{title}", loc="left", fontweight="bold", pad=3)
        axes.set_xlabel("residual state", labelpad=1.5)
        if column == 0:
            axes.set_ylabel("R2", labelpad=1.0)
    return top + style.panel_height_mm + _FOOT


def _draw_curve(axes: Axes, rows: pd.DataFrame, gid: str, colour: str, main: bool) -> None:
    for (control, _), curve in rows.groupby(["control", "seed"], sort=False, dropna=False):
        x = curve["state"].to_numpy(float)
        value, low, high = (
            curve[name].clip(lower=FLOOR).to_numpy(float) for name in ("value", "low", "high")
        )
        if control == NO_CONTROL:
            axes.plot(x, value, color=colour, gid=f"none/{gid}", **OWN.line)
            axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0, zorder=2)
        elif control == "untrained" and main:
            axes.plot(
                x, value, color=UNTRAINED_GREY, linestyle=UNTRAINED_DASHES, linewidth=1.0,
                gid=f"untrained/{gid}", zorder=1.8,
            )  # fmt: skip


def _finish(axes: Axes, own: pd.DataFrame) -> None:
    last = int(own["state"].max())
    asked = own.loc[own["kind"] == "asked", "state"]
    if len(asked):
        axes.axvline(float(asked.iloc[0]), color=GREY, zorder=1.2, gid="asked", **PEZ_LINE)
    score_axis(axes)
    axes.set_xlim(-0.5, last + 0.5)
    axes.set_xticks(few_ticks(last + 1))


def _far(table: pd.DataFrame) -> str:
    """Distance that counts as away, in words."""
    patches = table.loc[table["what"] == "far", "distance"].iloc[0]
    return f"{patches:g} patch" if patches == 1 else f"{patches:g} patches"


def _legend(table: pd.DataFrame, style: FigureStyle) -> list[Line2D]:
    main, beside, third = style.colours.curves[:3]
    entries = [
        handle("probes of single patches; of the opposite half", main, **OWN.line),
        handle("probe of all tokens; of the same half", beside, **OWN.line),
        handle("of the opposite half, recentred", third, **OWN.line),
    ]
    if (table["control"] == "untrained").any():
        entries.append(
            handle("untrained, of the first curve", UNTRAINED_GREY, linestyle=UNTRAINED_DASHES)
        )
    words = {"pixels": "the patch's own pixels", "track": "how much of the patch the ball covers"}
    entries += [handle(words[read], NEUTRAL, **look) for read, look in levels()]
    if (table["kind"] == "asked").any():
        entries.append(handle("state of the verdict", GREY, **PEZ_LINE))
    return entries


def _caption(table: pd.DataFrame, made: Made) -> str:
    parts = [
        "Out-of-fold R2 of direction (sine and cosine), by ridge probes, whole conditions held "
        "out; features are means over tubelets. By patch: mean over probes, one for each patch. "
        "Away: pairs of a clip and a patch that the ball stays away from, by "
        f"{_far(table)} or more. "
        "Halves of "
        "the frame: the tokens of one half, read by a probe of the other half's; clips by half: "
        "all tokens of clips whose ball stays in one half, by a probe of equally many of the "
        "other; means over left, right, top and bottom. Recentred: the other half's features at "
        "their own mean and scale. Bands: 90 % intervals over conditions, point by point. Maps: "
        "every probe's R2 at its patch, beside the share of clips whose ball touches it. By "
        "distance: R2 about the mean direction of the clips in the same class for the same patch, "
        "so that a ball's absence alone tells nothing. "
        f"Scores below {FLOOR:g} stand at the edge."
    ]
    if not (table["control"] == "untrained").any():
        parts.append("No untrained network stands beside it.")
    parts.append(f"Clips: {made.clips}.")
    return " ".join(parts)
