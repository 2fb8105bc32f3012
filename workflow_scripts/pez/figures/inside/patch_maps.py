"""Maps of patches and profiles over distance, rows of the picture of direction by patch."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from pez.controls.registry import find_control
from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import Sheet
from pez.figures.inside.scale import draw_scale
from pez.figures.looks import GREY, NEUTRAL
from pez.figures.spec import FigureStyle
from pez.figures.style import SMALL

LEFT, RIGHT, GAP, HEAD = 11.0, 2.5, 8.0, 5.0  # millimetres, of all rows
FLOOR = -1.0  # scores below are drawn at the edge
_TRACK_LINE: dict[str, Any] = {"linewidth": 1.0, "linestyle": (0, (1, 1)), "zorder": 2.6}
_STATES = 6  # of which maps and profiles are drawn
_MAP_COLOURS, _SHARE_COLOURS, _STATE_COLOURS = "viridis", "Greys", "plasma"
_MAP_GAP, _MAP_HEAD, _BAR_GAP, _BAR, _BAR_FOOT = 2.0, 4.0, 2.0, 2.0, 9.0


def levels() -> Iterator[tuple[str, dict[str, Any]]]:
    """What has no depth, and how it is drawn."""
    yield "pixels", dict(find_control("pixels").look.line)
    yield "track", dict(_TRACK_LINE)


def score_axis(axes: Axes) -> None:
    """Give an axis of R2 its limits, ticks and the line of 0."""
    axes.axhline(0, color=GREY, linewidth=0.7, zorder=1.3)
    low = max(min(axes.dataLim.y0, 0.0), FLOOR)
    axes.set_ylim(low - 0.04, 1.03)
    ticks = [tick for tick in (-1.0, -0.5, 0.0, 0.5, 1.0) if tick >= low - 0.04]
    axes.set_yticks(ticks, [f"{tick:g}".replace("-", "\N{MINUS SIGN}") for tick in ticks])


def map_side(style: FigureStyle) -> float:
    """Side of a map, millimetres."""
    count = _STATES + 1
    return (style.sheet_mm - LEFT - RIGHT - _MAP_GAP * (count - 1)) / count


def maps_height(own: pd.DataFrame, side: float) -> float:
    """Height of the rows of maps of one model, millimetres."""
    return len(_networks(own)) * (_MAP_HEAD + side) + _BAR_GAP + _BAR + _BAR_FOOT


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


def draw_maps(
    sheet: Sheet, own: pd.DataFrame, top: float, side: float, style: FigureStyle
) -> float:
    """Draw a row of maps for a model and one for its first untrained network; return the end."""
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
            _name(axes, f"untrained, state {state}" if line else f"state {state}", style)
        first = _map_axes(sheet, 0, at, side)
        if line == 0:
            touched = maps[maps["what"] == "touched"]
            share = _draw_map(first, touched, _SHARE_COLOURS, float(touched["value"].max()))
            share.set_gid("touched")
            _name(first, "ball was there", style)
        else:
            _draw_map(first, maps[maps["what"] == "pixels"], _MAP_COLOURS, 1.0)
            _name(first, "own pixels", style)
    at = top + len(_networks(own)) * (_MAP_HEAD + side) + _BAR_GAP
    if share is not None and image is not None:
        draw_scale(sheet, share, (LEFT, at, 0.8 * side, _BAR), "share of clips", style)
        span = len(states) * (side + _MAP_GAP) - _MAP_GAP
        draw_scale(
            sheet, image, (LEFT + side + _MAP_GAP, at, span, _BAR), "R2; 0 and below alike", style
        )
    return at + _BAR + _BAR_FOOT


def _name(axes: Axes, words: str, style: FigureStyle) -> None:
    axes.set_title(words, loc="left", pad=2.0, fontsize=style.font_pt * SMALL * 0.92)


def _map_axes(sheet: Sheet, column: int, top: float, side: float) -> Axes:
    axes = sheet.axes(LEFT + column * (side + _MAP_GAP), top, side, side)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    return axes


def _draw_map(axes: Axes, rows: pd.DataFrame, colours: str, most: float) -> AxesImage:
    values = rows.pivot(index="row", columns="column", values="value").to_numpy(float)
    return axes.imshow(
        values, cmap=colours, vmin=0.0, vmax=max(most, 1e-9), interpolation="nearest"
    )


def draw_profiles(sheet: Sheet, own: pd.DataFrame, top: float, style: FigureStyle) -> None:
    """Draw R2 by distance, in a model and in its first untrained network."""
    networks, states = _networks(own), _states(own)
    profiles = own[own["kind"] == "profile"]
    width = (sheet.width - LEFT - RIGHT - GAP) / 2
    colours = matplotlib.colormaps[_STATE_COLOURS](np.linspace(0.0, 0.85, len(states)))
    edges = sorted(profiles["distance"].unique())
    for column, control in enumerate(networks):
        left = LEFT + column * (width + GAP)
        axes = sheet.axes(left, top + HEAD, width, style.panel_height_mm)
        rows = _of_network(profiles, control)
        for state, colour in zip(states, colours, strict=True):
            curve = rows[(rows["what"] == "patch") & (rows["state"] == state)]
            value = curve["value"].clip(lower=FLOOR)
            axes.plot(
                range(len(edges)), value, color=colour, marker="o", markersize=2.2,
                linewidth=1.1, label=f"state {state}" if state == states[0] else f"{state}",
                gid=f"{control}/profile/{state}",
            )  # fmt: skip
        for read, look in levels():
            level = profiles[profiles["what"] == read]["value"].clip(lower=FLOOR)
            axes.plot(range(len(edges)), level, color=NEUTRAL, **look)
        score_axis(axes)
        axes.set_xticks(range(len(edges)), _classes(edges))
        words = "" if control == NO_CONTROL else ", untrained"
        axes.set_title(f"By distance{words}", loc="left", fontweight="bold", pad=3)
        axes.set_xlabel("between patch and path, patches", labelpad=1.5)
        if column == 0:
            axes.set_ylabel("R2", labelpad=1.0)
            # Beside the title: lines may run anywhere in the panel.
            axes.legend(
                loc="lower right", bbox_to_anchor=(1.01, 0.985), ncols=len(states),
                handlelength=1.2, handletextpad=0.4, columnspacing=0.9, borderpad=0.2,
            )  # fmt: skip


def _classes(edges: Sequence[float]) -> list[str]:
    ends = [f"{low:g}\N{EN DASH}{high:g}" for low, high in pairwise(edges)]
    return [*ends, f"{edges[-1]:g}+"]
