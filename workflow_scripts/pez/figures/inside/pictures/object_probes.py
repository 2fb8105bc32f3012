"""Figure 13 of arXiv 2602.07050, with controls: velocities of single objects by residual state."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
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
from pez.figures.inside.scale import draw_scale
from pez.figures.inside.shown import few_ticks
from pez.figures.looks import GREY, LEVEL_LINES, OWN
from pez.figures.spec import FigureStyle

# Of `pez.inside.judges.object_probes.judge`.
COLUMNS = (
    "model", "control", "seed", "tokens", "target", "estimand", "kind", "state", "value", "low",
    "high",
)  # fmt: skip

_MEAN = "mean"
_UNTRAINED = "untrained"
_TARGETS = {"velocity": "Velocity", "direction": "Direction"}
_TOKENS = {"all": "mean over all tokens", "under": "tokens under the object"}
_SHORT = {"all": "all tokens", "under": "under it"}
_GAINS = {
    "difference": "beyond another object",
    "beyond": "beyond the scene's motion",
    "beyond_place": "beyond where it was",
}
# Means over the kinds of a shape or a material, by markers.
_PARTS: Mapping[str, Mapping[str, dict[str, Any]]] = {
    "shape": {"sphere": {"marker": "o"}, "cube": {"marker": "s"}, "cylinder": {"marker": "^"}},
    "material": {
        "matte": {"marker": "D"},
        "glossy": {"marker": "D", "markerfacecolor": "none", "linestyle": (0, (1, 1))},
    },
}
_PART_LOOK: dict[str, Any] = {"linewidth": 0.9, "markersize": 2.8, "zorder": 3}
_MAPS = {"own": "Own velocity, by kind", "difference": "Own less another's"}
_OTHER_LOOK: dict[str, Any] = {"linewidth": 1.2, "linestyle": (0, (2.5, 1.2)), "zorder": 3.5}
_SCENE_LOOK: dict[str, Any] = {"linewidth": 1.0, "linestyle": (0, (1, 1.2)), "zorder": 2.5}
_PLACE_LOOK: dict[str, Any] = {"linewidth": 1.0, "linestyle": (0, (5, 1, 1, 1)), "zorder": 2.5}
_UNTRAINED_LOOK: dict[str, Any] = {"linewidth": 1.0, "linestyle": UNTRAINED_DASHES, "zorder": 2}
_LEFT, _RIGHT, _GAP, _HEAD, _FOOT = 12.0, 2.5, 13.0, 5.0, 9.5  # millimetres
_NAMES, _CELL, _MAP_GAP, _BAR = 30.0, 3.0, 4.0, 2.2
_KIND_GREY = "#C4C4C4"
_FLOOR = -0.35  # scores below lie outside the panels


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw a table of `judge`: for every model a row of panels for each kind of tokens, one of
    means over shapes and materials, and a row of maps."""
    models = list(dict.fromkeys(table["model"]))
    named = {_MEAN, *(name for part in _PARTS.values() for name in part)}
    kinds = sorted(set(table.loc[table["target"] == "velocity", "kind"]) - named)
    height, tall = style.panel_height_mm, _CELL * len(kinds)
    read = [tokens for tokens in _TOKENS if (table["tokens"] == tokens).any()]
    step = _HEAD + height + _FOOT
    row = step * (len(read) + 1) + _HEAD + tall + 2 * _FOOT + _BAR
    caption = _caption(table, made)
    sheet = open_sheet(
        "Single objects among several, by residual state", made, caption, row * len(models), style,
        _legend(table, style), wide=True,
    )  # fmt: skip
    for line, model in enumerate(models):
        own = table[table["model"] == model]
        limits = _limits(own)
        for number, tokens in enumerate(read):
            of_model = f"{model}, " if len(models) > 1 else ""
            whence, top = f"{of_model}{_TOKENS[tokens]}", line * row + number * step
            _draw_panels(sheet, own[own["tokens"] == tokens], whence, kinds, top, limits, style)
        _draw_parts(sheet, own, read, line * row + step * len(read), style)
        whole = own[own["tokens"] == "all"]
        _draw_maps(sheet, whole, kinds, line * row + step * (len(read) + 1), style)
    return Picture(sheet.figure, table, caption)


def _limits(rows: pd.DataFrame) -> tuple[float, float]:
    """Ends of the axis of gains, the same whatever tokens they are read from."""
    gains = rows[
        (rows["target"] == "velocity")
        & (rows["kind"] == _MEAN)
        & rows["estimand"].isin(list(_GAINS))
    ]
    low, high = float(gains["low"].min()), float(gains["high"].max())
    margin = 0.05 * (high - low)
    return low - margin, high + margin


def _draw_panels(
    sheet: Sheet,
    rows: pd.DataFrame,
    whence: str,
    kinds: list[str],
    top: float,
    limits: tuple[float, float],
    style: FigureStyle,
) -> None:
    """Scores of both targets and gains, read from the same tokens."""
    width = (sheet.width - _LEFT - _RIGHT - 2 * _GAP) / 3
    for column, title in enumerate((*_TARGETS.values(), "Gain, velocity")):
        place = (_LEFT + column * (width + _GAP), top + _HEAD, width, style.panel_height_mm)
        axes = sheet.axes(*place)
        if column < len(_TARGETS):
            _draw_scores(axes, rows[rows["target"] == list(_TARGETS)[column]], kinds, style)
        else:
            _draw_gains(axes, rows[rows["target"] == "velocity"], style)
            axes.set_ylim(limits)
        words = title if column else f"{title}, {whence}"
        axes.set_title(words, loc="left", fontweight="bold", pad=3.0)
        if column != 1:
            axes.set_ylabel("R2" if column == 0 else "difference of R2", labelpad=2.0)
        axes.set_xlabel("residual state", labelpad=1.5)


def _draw_scores(axes: Axes, rows: pd.DataFrame, kinds: list[str], style: FigureStyle) -> None:
    """A line a kind, their mean, another object's; the scene's motion and the place alone."""
    colour = style.colours.curves[0]
    itself = rows[rows["control"] == NO_CONTROL]
    for name, curve in itself[itself["estimand"] == "own"].groupby("kind", sort=False):
        if (kind := str(name)) in kinds:
            axes.plot(
                curve["state"], curve["value"], color=_KIND_GREY, linewidth=0.8, zorder=1.2,
                gid=f"kind/{kind}",
            )  # fmt: skip
    mean = itself[itself["kind"] == _MEAN].set_index("estimand")
    for estimand, look, ink in (
        ("scene", _SCENE_LOOK, GREY),
        ("place", _PLACE_LOOK, GREY),
        ("other", _OTHER_LOOK, colour),
        ("own", OWN.line, colour),
    ):
        if estimand in mean.index:
            curve = mean.loc[[estimand]]
            axes.plot(curve["state"], curve["value"], color=ink, gid=f"none/{estimand}", **look)
            if estimand == "own":
                _band(axes, curve, colour)
    _draw_untrained(axes, rows, "own")
    if rows.empty:  # too few clips
        axes.text(0.5, 0.5, "too few clips", ha="center", va="center", transform=axes.transAxes)
    axes.axhline(0, color=GREY, zorder=1, **LEVEL_LINES["chance"])
    axes.set_ylim(_FLOOR, 1.0)
    _state_ticks(axes, rows)


def _draw_parts(
    sheet: Sheet, rows: pd.DataFrame, read: list[str], top: float, style: FigureStyle
) -> None:
    """Own velocity by shape and by material, one panel each for all `read` tokens."""
    width = (sheet.width - _LEFT - _RIGHT - _GAP * (2 * len(read) - 1)) / (2 * len(read))
    own = rows[
        (rows["control"] == NO_CONTROL)
        & (rows["target"] == "velocity")
        & (rows["estimand"] == "own")
    ]
    for column, (tokens, part) in enumerate(product(read, _PARTS)):
        place = (_LEFT + column * (width + _GAP), top + _HEAD, width, style.panel_height_mm)
        axes = sheet.axes(*place)
        for name, look in _PARTS[part].items():
            curve = own[(own["tokens"] == tokens) & (own["kind"] == name)]
            axes.plot(
                curve["state"], curve["value"], color=style.colours.curves[0],
                gid=f"{part}/{name}", **_PART_LOOK | look,
            )  # fmt: skip
        axes.axhline(0, color=GREY, zorder=1, **LEVEL_LINES["chance"])
        axes.set_ylim(_FLOOR, 1.0)
        _state_ticks(axes, own)
        axes.set_title(f"By {part}, {_SHORT[tokens]}", loc="left", fontweight="bold", pad=3.0)
        axes.set_xlabel("residual state", labelpad=1.5)
        if column == 0:
            axes.set_ylabel("R2, velocity", labelpad=2.0)


def _draw_gains(axes: Axes, rows: pd.DataFrame, style: FigureStyle) -> None:
    own = rows[(rows["control"] == NO_CONTROL) & (rows["kind"] == _MEAN)]
    for (estimand, _), colour in zip(_GAINS.items(), style.colours.curves, strict=False):
        curve = own[own["estimand"] == estimand]
        axes.plot(curve["state"], curve["value"], color=colour, gid=f"none/{estimand}", **OWN.line)
        _band(axes, curve, colour)
        _draw_untrained(axes, rows, estimand, colour)
    axes.axhline(0, color=GREY, zorder=1, **LEVEL_LINES["chance"])
    _state_ticks(axes, rows)


def _draw_untrained(
    axes: Axes, rows: pd.DataFrame, estimand: str, colour: str = UNTRAINED_GREY
) -> None:
    chosen = rows[
        (rows["control"] == _UNTRAINED) & (rows["kind"] == _MEAN) & (rows["estimand"] == estimand)
    ]
    for _, curve in chosen.groupby("seed", sort=False, dropna=False):
        axes.plot(
            curve["state"], curve["value"], color=colour, gid=f"untrained/{estimand}",
            **_UNTRAINED_LOOK,
        )  # fmt: skip


def _band(axes: Axes, curve: pd.DataFrame, colour: str) -> None:
    axes.fill_between(
        curve["state"], curve["low"], curve["high"], color=colour, alpha=0.2, linewidth=0,
        zorder=1.5,
    )  # fmt: skip


def _state_ticks(axes: Axes, rows: pd.DataFrame) -> None:
    last = int(rows["state"].max()) if len(rows) else 1
    axes.set_xlim(-0.5, last + 0.5)
    axes.set_xticks(few_ticks(last + 1))


def _draw_maps(
    sheet: Sheet, rows: pd.DataFrame, kinds: list[str], top: float, style: FigureStyle
) -> None:
    width = (sheet.width - _NAMES - _RIGHT - _MAP_GAP) / 2
    tall = _CELL * len(kinds)
    chosen = rows[(rows["control"] == NO_CONTROL) & (rows["target"] == "velocity")]
    image: AxesImage | None = None
    for column, (estimand, title) in enumerate(_MAPS.items()):
        left = _NAMES + column * (width + _MAP_GAP)
        axes = sheet.axes(left, top + _HEAD, width, tall)
        values = chosen[chosen["estimand"] == estimand].pivot(
            index="kind", columns="state", values="value"
        )
        image = axes.imshow(
            values.loc[kinds].to_numpy(float), aspect="auto", cmap="PuOr", vmin=-1, vmax=1,
            interpolation="nearest", gid=f"map/{estimand}",
        )  # fmt: skip
        axes.set_title(title, loc="left", fontweight="bold", pad=3.0)
        axes.set_xticks(few_ticks(values.shape[1]))
        axes.set_yticks(range(len(kinds)), [kind.replace("_", " ") for kind in kinds])
        axes.tick_params(axis="y", length=0, labelleft=column == 0)
        axes.set_xlabel("residual state", labelpad=1.5)
        axes.grid(False)
    assert image is not None
    place = (_NAMES, top + _HEAD + tall + _FOOT, 2 * width + _MAP_GAP, _BAR)
    draw_scale(sheet, image, place, "R2, and difference of R2", style)


def _legend(table: pd.DataFrame, style: FigureStyle) -> list[Line2D]:
    first = style.colours.curves[0]
    entries = [
        handle("own, mean of kinds", first, **OWN.line),
        handle("own, a kind", _KIND_GREY, linewidth=0.8),
        handle("another object's", first, **_OTHER_LOOK),
        handle("the scene's motion alone", GREY, **_SCENE_LOOK),
        handle("where it was, alone", GREY, **_PLACE_LOOK),
    ]
    if (table["control"] == _UNTRAINED).any():
        entries.append(handle("untrained", UNTRAINED_GREY, **_UNTRAINED_LOOK))
    for look_by_name in _PARTS.values():
        for name, look in look_by_name.items():
            entries.append(handle(f"own, {name} kinds", first, **_PART_LOOK | look))
    for words, colour in zip(_GAINS.values(), style.colours.curves, strict=False):
        entries.append(handle(f"gain {words}", colour, **OWN.line))
    return entries


def _caption(table: pd.DataFrame, made: Made) -> str:
    parts = [
        "Out-of-fold R2 of ridge probes, one for every kind of object, on the clips that hold it; "
        "of the mean over all tokens, and over those under the object (a square of 3 patches about "
        "its centre, in every tubelet). Maps: mean over all tokens. Velocity: in the picture; "
        "direction: sine and cosine, where the object moves. Another object's: the same features, "
        "asked about another object of the clip. The scene's motion: sum and means of all "
        "velocities. Where it was: share of the clip's time for which each patch lies under the "
        "object. Gain: own R2 less another's; and R2 of features and the scene's motion, or "
        "where it was, together, less that of the latter alone. Bands: 90 % intervals over clips, "
        f"state by state. Scores below {_FLOOR:g} lie outside."
    ]
    if (table["control"] == _UNTRAINED).any():
        parts.append("Dashed, in grey or in the colour of a gain: untrained networks.")
    else:
        parts.append("No untrained network stands beside it.")
    parts.append(f"Clips: {made.clips}.")
    return " ".join(parts)
