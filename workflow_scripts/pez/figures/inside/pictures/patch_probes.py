"""Figure 18 of arXiv 2602.07050: direction by patch, between halves, and by distance."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from pez.controls.registry import find_control
from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import (
    INK,
    UNTRAINED_DASHES,
    UNTRAINED_GREY,
    Made,
    Picture,
    Sheet,
    handle,
    open_sheet,
)
from pez.figures.inside.shown import few_ticks
from pez.figures.looks import GREY, NEUTRAL, OWN, PEZ_LINE
from pez.figures.spec import FigureStyle
from pez.figures.style import SMALL

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
_TRACK_LINE: dict[str, Any] = {"linewidth": 1.0, "linestyle": (0, (1, 1)), "zorder": 2.6}
_STATES = 6  # of which maps and profiles are drawn
_FLOOR = -1.0  # scores below are drawn at the edge
_MAP_COLOURS, _SHARE_COLOURS, _STATE_COLOURS = "viridis", "Greys", "plasma"
_LEFT, _RIGHT, _GAP, _HEAD, _NAME, _FOOT = 10.0, 2.5, 9.0, 5.0, 4.0, 9.0  # millimetres
_MAP_GAP, _MAP_HEAD, _BAR_GAP, _BAR, _BAR_FOOT = 2.0, 4.0, 2.0, 2.0, 9.0


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw, for every model, a row of curves, one or two of maps, and one of profiles."""
    models = list(dict.fromkeys(table["model"]))
    caption = _caption(table, made)
    side = _map_side(style)
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
        at = _draw_maps(sheet, own, at, side, style)
        _draw_profiles(sheet, own, at, style)
        top += height
    return Picture(sheet.figure, table, caption)


def _of_model(table: pd.DataFrame, model: str) -> pd.DataFrame:
    return table[table["model"] == model]


def _head(models: int) -> float:
    return _HEAD + (_NAME if models > 1 else 0)


def _map_side(style: FigureStyle) -> float:
    count = _STATES + 1
    return (style.page_mm - _LEFT - _RIGHT - _MAP_GAP * (count - 1)) / count


def _height(own: pd.DataFrame, side: float, style: FigureStyle, models: int) -> float:
    maps = len(_networks(own)) * (_MAP_HEAD + side) + _BAR_GAP + _BAR + _BAR_FOOT
    return _head(models) + 2 * (style.panel_height_mm + _FOOT) + maps + _HEAD


def _networks(own: pd.DataFrame) -> list[str]:
    """The model, and its first untrained network where there is one."""
    return [NO_CONTROL, *(["untrained"] if (own["control"] == "untrained").any() else [])]


def _of_network(own: pd.DataFrame, control: str) -> pd.DataFrame:
    """Rows of a network; of a control with several seeds, of the first."""
    rows = own[own["control"] == control]
    seeds = rows["seed"].dropna().unique()
    return rows[rows["seed"] == seeds[0]] if len(seeds) else rows


def _states(own: pd.DataFrame) -> list[int]:
    """States that maps and profiles are drawn of, with that of the verdict among them."""
    last = int(own["state"].max())
    chosen = [int(state) for state in np.unique(np.linspace(0, last, _STATES).round())]
    asked = own.loc[own["kind"] == "asked", "state"]
    if len(asked) and len(chosen) > 2 and int(asked.iloc[0]) not in chosen:
        inner = range(1, len(chosen) - 1)
        chosen[min(inner, key=lambda place: abs(chosen[place] - int(asked.iloc[0])))] = int(
            asked.iloc[0]
        )
    return chosen


def _draw_curves(
    sheet: Sheet, own: pd.DataFrame, top: float, name: str, style: FigureStyle
) -> float:
    width = (sheet.width - _LEFT - _RIGHT - _GAP * (len(_PANELS) - 1)) / len(_PANELS)
    for column, (title, curves) in enumerate(_PANELS.items()):
        left = _LEFT + column * (width + _GAP)
        axes = sheet.axes(left, top, width, style.panel_height_mm)
        for place, (what, reading) in enumerate(curves):
            rows = own[(own["what"] == what) & (own["reading"] == reading)]
            rows = rows[(rows["kind"] == "curve") & rows["pair"].isin(("", "all"))]
            _draw_curve(axes, rows, f"{what}/{reading}", style.colours.curves[place], place == 0)
            for read, look in _levels():
                level = own[(own["kind"] == "level") & (own["what"] == f"{what}_{read}")]
                if len(level):
                    axes.axhline(max(level["value"].iloc[0], _FLOOR), color=NEUTRAL, **look)
        _finish(axes, own)
        axes.set_title(title if column else f"{name}{title}", loc="left", fontweight="bold", pad=3)
        axes.set_xlabel("residual state", labelpad=1.5)
        if column == 0:
            axes.set_ylabel("R2", labelpad=1.0)
    return top + style.panel_height_mm + _FOOT


def _levels() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "pixels", dict(find_control("pixels").look.line)
    yield "track", dict(_TRACK_LINE)


def _draw_curve(axes: Axes, rows: pd.DataFrame, gid: str, colour: str, main: bool) -> None:
    for (control, _), curve in rows.groupby(["control", "seed"], sort=False, dropna=False):
        x = curve["state"].to_numpy(float)
        value, low, high = (
            curve[name].clip(lower=_FLOOR).to_numpy(float) for name in ("value", "low", "high")
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
    axes.axhline(0, color=GREY, linewidth=0.7, zorder=1.3)
    axes.set_xlim(-0.5, last + 0.5)
    axes.set_xticks(few_ticks(last + 1))
    low = min(axes.dataLim.y0, 0.0)
    axes.set_ylim(max(low, _FLOOR) - 0.04, 1.03)


def _draw_maps(
    sheet: Sheet, own: pd.DataFrame, top: float, side: float, style: FigureStyle
) -> float:
    states = _states(own)
    maps = own[own["kind"] == "map"]
    touched = share = image = None
    for line, control in enumerate(_networks(own)):
        at = top + line * (_MAP_HEAD + side) + _MAP_HEAD
        rows = _of_network(maps, control)
        rows = rows[rows["what"] == "patch"]
        for column, state in enumerate(states, start=1):
            axes = _map_axes(sheet, column, at, side)
            image = _draw_map(axes, rows[rows["state"] == state], _MAP_COLOURS, 1.0)
            image.set_gid(f"{control}/{state}")
            words = "untrained, " if control != NO_CONTROL else ""
            axes.set_title(f"{words}state {state}", loc="left", pad=2.0)
        first = _map_axes(sheet, 0, at, side)
        if line == 0:
            touched = maps[maps["what"] == "touched"]
            share = _draw_map(first, touched, _SHARE_COLOURS, float(touched["value"].max()))
            share.set_gid("touched")
            first.set_title("ball was there", loc="left", pad=2.0)
        else:
            _draw_map(first, maps[maps["what"] == "pixels"], _MAP_COLOURS, 1.0)
            first.set_title("own pixels", loc="left", pad=2.0)
    at = top + len(_networks(own)) * (_MAP_HEAD + side) + _BAR_GAP
    if share is not None and image is not None:
        _draw_bar(sheet, share, _LEFT, at, side, "share of clips", style)
        span = len(states) * (side + _MAP_GAP) - _MAP_GAP
        _draw_bar(sheet, image, _LEFT + side + _MAP_GAP, at, span, "R2; 0 and below alike", style)
    return at + _BAR + _BAR_FOOT


def _map_axes(sheet: Sheet, column: int, top: float, side: float) -> Axes:
    axes = sheet.axes(_LEFT + column * (side + _MAP_GAP), top, side, side)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    return axes


def _draw_map(axes: Axes, rows: pd.DataFrame, colours: str, most: float) -> AxesImage:
    values = rows.pivot(index="row", columns="column", values="value").to_numpy(float)
    return axes.imshow(
        values, cmap=colours, vmin=0.0, vmax=max(most, 1e-9), interpolation="nearest"
    )


def _draw_bar(
    sheet: Sheet,
    image: AxesImage,
    left: float,
    top: float,
    width: float,
    label: str,
    style: FigureStyle,
) -> None:
    axes = sheet.axes(left, top, width, _BAR)
    bar = sheet.figure.colorbar(image, cax=axes, orientation="horizontal")
    bar.outline.set_linewidth(0.4)
    axes.grid(False)
    axes.tick_params(labelsize=style.font_pt * SMALL * 0.92, pad=1.5)
    axes.set_xlabel(label, fontsize=style.font_pt * SMALL, color=INK, labelpad=1.0)


def _draw_profiles(sheet: Sheet, own: pd.DataFrame, top: float, style: FigureStyle) -> None:
    networks, states = _networks(own), _states(own)
    profiles = own[own["kind"] == "profile"]
    width = (sheet.width - _LEFT - _RIGHT - _GAP * (len(_PANELS) - 1)) / 2
    colours = matplotlib.colormaps[_STATE_COLOURS](np.linspace(0.0, 0.85, len(states)))
    edges = sorted(profiles["distance"].unique())
    for column, control in enumerate(networks):
        left = _LEFT + column * (width + _GAP)
        axes = sheet.axes(left, top + _HEAD, width, style.panel_height_mm)
        rows = _of_network(profiles, control)
        for state, colour in zip(states, colours, strict=True):
            curve = rows[(rows["what"] == "patch") & (rows["state"] == state)]
            value = curve["value"].clip(lower=_FLOOR)
            axes.plot(
                range(len(edges)), value, color=colour, marker="o", markersize=2.2,
                linewidth=1.1, label=f"state {state}", gid=f"{control}/profile/{state}",
            )  # fmt: skip
        for read, look in _levels():
            level = profiles[profiles["what"] == read]["value"].clip(lower=_FLOOR)
            axes.plot(range(len(edges)), level, color=NEUTRAL, **look)
        axes.axhline(0, color=GREY, linewidth=0.7, zorder=1.3)
        axes.set_xticks(range(len(edges)), _classes(edges))
        axes.set_ylim(max(min(axes.dataLim.y0, 0.0), _FLOOR) - 0.04, 1.03)
        words = "" if control == NO_CONTROL else ", untrained"
        axes.set_title(f"By distance{words}", loc="left", fontweight="bold", pad=3)
        axes.set_xlabel("between patch and path, patches", labelpad=1.5)
        if column == 0:
            axes.set_ylabel("R2", labelpad=1.0)
            axes.legend(
                loc="upper right", ncols=2, handlelength=1.4, columnspacing=1.0, borderaxespad=0.2
            )


def _classes(edges: Sequence[float]) -> list[str]:
    ends = [f"{low:g}\N{EN DASH}{high:g}" for low, high in pairwise(edges)]
    return [*ends, f"{edges[-1]:g}+"]


def _legend(table: pd.DataFrame, style: FigureStyle) -> list[Line2D]:
    main, beside, third = style.colours.curves[:3]
    entries = [
        handle("probes of single patches; of the opposite half", main, **OWN.line),
        handle("probe of all tokens; of the same half", beside, **OWN.line),
        handle("of the opposite half, recentred", third, **OWN.line),
    ]
    if (table["control"] == "untrained").any():
        entries.append(handle("untrained, first curve", UNTRAINED_GREY, linestyle=UNTRAINED_DASHES))
    words = {"pixels": "the patch's own pixels", "track": "how much of the patch the ball covers"}
    entries += [handle(words[read], NEUTRAL, **look) for read, look in _levels()]
    if (table["kind"] == "asked").any():
        entries.append(handle("state of the verdict", GREY, **PEZ_LINE))
    return entries


def _caption(table: pd.DataFrame, made: Made) -> str:
    parts = [
        "Out-of-fold R2 of direction (sine and cosine), by ridge probes, whole conditions held "
        "out; features are means over tubelets. By patch: mean over probes, one for each patch. "
        "Away: pairs of a clip and a patch that the ball stays away from (config: far). Halves of "
        "the frame: the tokens of one half, read by a probe of the other half's; clips by half: "
        "all tokens of clips whose ball stays in one half, by a probe of equally many of the "
        "other; means over left, right, top and bottom. Recentred: the other half's features at "
        "their own mean and scale. Bands: 90 % intervals over conditions, point by point. Maps: "
        "every probe's R2 at its patch, beside the share of clips whose ball touches it. By "
        "distance: R2 about the mean direction of the clips in the same class for the same patch, "
        "so that a ball's absence alone tells nothing. "
        f"Scores below {_FLOOR:g} stand at the edge."
    ]
    if not (table["control"] == "untrained").any():
        parts.append("No untrained network stands beside it.")
    parts.append(f"Clips: {made.clips}.")
    return " ".join(parts)
