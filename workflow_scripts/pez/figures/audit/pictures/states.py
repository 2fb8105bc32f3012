"""Every cell at every state: the trained network's score, and its gain over untrained ones."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from pez.figures.audit.sheet import INK, Made, Picture, Sheet, handle, open_sheet
from pez.figures.spec import FigureStyle
from pez.figures.style import SMALL

# Of `pez.audit.specification.states_by_rank`, for one variable.
COLUMNS = ("variable", "cell", "rank", "depth", "state", "score", "gain")
_LEFT, _RIGHT, _GAP, _HEAD, _PANEL, _BAR_GAP, _BAR, _FOOT = 11.0, 3.0, 5.0, 4.5, 52.0, 9.5, 2.2, 8.0


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw a table of `states_by_rank`."""
    scores = _square(table, "score")
    gains = _square(table, "gain")
    panels = [("score", scores)]
    if np.isfinite(gains).any():
        panels.append(("gain over untrained", gains))
    variable = str(table["variable"].iloc[0])
    caption = _caption(table, len(panels), made)
    body = _HEAD + _PANEL + _BAR_GAP + _BAR + _FOOT
    legend = [handle("onset of the cell", "black", linewidth=1.0)]
    title = f"{variable.capitalize()} in {len(scores)} cells"
    sheet = open_sheet(title, made, caption, body, style, legend)
    width = (sheet.width - _LEFT - _RIGHT - _GAP * (len(panels) - 1)) / len(panels)
    for number, (name, values) in enumerate(panels):
        left = _LEFT + number * (width + _GAP)
        axes = sheet.axes(left, _HEAD, width, _PANEL)
        image = _draw(axes, values, table, gain=number == 1)
        axes.set_title(name, loc="left", fontweight="bold", pad=3.0)
        axes.set_xlabel("residual state", labelpad=1.5)
        axes.tick_params(labelleft=number == 0)
        if number == 0:
            axes.set_ylabel("cells, in order of their onset", labelpad=2.0)
        _draw_bar(sheet, image, left, width, style)
    return Picture(sheet.figure, table, caption)


def _square(table: pd.DataFrame, column: str) -> np.ndarray:
    """Values by rank and state, float64 [cells, S]."""
    found = table.pivot(index="rank", columns="state", values=column)
    return found.sort_index().sort_index(axis=1).to_numpy(float)


def _draw(axes: Axes, values: np.ndarray, table: pd.DataFrame, gain: bool) -> AxesImage:
    states = np.sort(table["state"].unique())
    blocks, count = int(states.max()), len(values)
    most = min(1.0, float(np.nanmax(np.abs(values)))) if gain else 1.0
    image = axes.imshow(
        values,
        aspect="auto",
        cmap="PuOr_r" if gain else "cividis",
        vmin=-most if gain else 0.0,
        vmax=most,
        extent=(-0.5, blocks + 0.5, count - 0.5, -0.5),
        interpolation="nearest" if count < 300 else "antialiased",
        gid="gain" if gain else "score",
    )
    onset = table.drop_duplicates("rank").sort_values("rank")
    places = (onset["depth"] * blocks).to_numpy(float)
    ranks = onset["rank"].to_numpy(float)
    edges = np.repeat(places - 0.5, 2)
    heights = np.column_stack([ranks - 0.5, ranks + 0.5]).ravel()
    for colour, width in (("white", 2.0), ("black", 1.0)):
        axes.plot(edges, heights, color=colour, linewidth=width, gid=f"onset/{colour}")
    axes.set_xlim(-0.5, blocks + 0.5)
    axes.set_ylim(count - 0.5, -0.5)
    axes.set_xticks(sorted({round(quarter * blocks / 4) for quarter in range(5)}))
    axes.grid(False)
    return image


def _draw_bar(
    sheet: Sheet, image: AxesImage, left: float, width: float, style: FigureStyle
) -> None:
    axes = sheet.axes(left, _HEAD + _PANEL + _BAR_GAP, width, _BAR)
    shown = np.asarray(image.get_array(), float)
    low, high = image.get_clim()
    below, above = bool(np.nanmin(shown) < low), bool(np.nanmax(shown) > high)
    extend = {(True, True): "both", (True, False): "min", (False, True): "max"}
    bar = sheet.figure.colorbar(
        image, cax=axes, orientation="horizontal", extend=extend.get((below, above), "neither")
    )
    bar.outline.set_linewidth(0.4)
    axes.grid(False)
    axes.tick_params(labelsize=style.font_pt * SMALL * 0.92, pad=1.5)
    gain = image.get_gid() == "gain"
    axes.set_xlabel(
        "score \N{MINUS SIGN} untrained" if gain else "score",
        fontsize=style.font_pt * SMALL, color=INK, labelpad=1.0,
    )  # fmt: skip


def _caption(table: pd.DataFrame, panels: int, made: Made) -> str:
    missing = int(table.drop_duplicates("rank")["depth"].isna().sum())
    parts = [
        f"Out-of-fold score of every cell (rows) at every residual state ({made.clips}); scores "
        "below 0 as 0."
    ]
    if panels > 1:
        networks = (
            "one untrained network" if made.seeds == 1 else f"{made.seeds} untrained networks"
        )
        parts.append(f"Right: minus the mean of {networks} in the same cell.")
    else:
        parts.append("No untrained network stands beside it.")
    parts.append("Black: left edge of the state of onset.")
    if missing:
        parts.append(f"{missing} cells, at the foot, have none.")
    return " ".join(parts)
