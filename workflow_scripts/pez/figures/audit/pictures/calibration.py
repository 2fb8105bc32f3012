"""Calibration: what every criterion says of planted networks whose answer is known."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from scipy.stats import beta

from pez.figures.audit.sheet import INK, Made, Picture, handle, open_sheet, patch
from pez.figures.spec import FigureStyle
from pez.figures.style import SMALL, text_width_mm

COLUMNS = ("planted", "criterion", "truth", "yes", "no", "undecided", "runs")
_RIGHT, _ROW, _FOOT = 3.0, 5.2, 1.0  # millimetres
_TITLE = "Criteria on planted networks"
_UNDECIDED = "#D9D9D9"


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw a table of planted networks by criterion."""
    drawn = with_rates(table)
    kinds, criteria = (list(dict.fromkeys(table[name])) for name in ("planted", "criterion"))
    right, wrong = style.colours.curves[:2]
    legend = [
        patch("says what was planted", right),
        patch("says the opposite", wrong),
        patch("undecided", _UNDECIDED),
        handle("90 % interval", INK, linewidth=0.7),
    ]
    caption = _caption(drawn, made)
    small = style.font_pt * SMALL
    left = 4.0 + max(text_width_mm(str(name), small) for name in kinds)
    head = 5.0
    wide = len(criteria) > 5
    body = head + len(kinds) * _ROW + _FOOT
    sheet = open_sheet(_TITLE, made, caption, body, style, legend, wide)
    axes = sheet.axes(left, head, sheet.width - left - _RIGHT, len(kinds) * _ROW)
    for row in drawn.to_dict("records"):
        place = criteria.index(row["criterion"]), kinds.index(row["planted"])
        _draw_cell(axes, place, row, (right, wrong), small)
    axes.set_xlim(-0.5, len(criteria) - 0.5)
    axes.set_ylim(len(kinds) - 0.5, -0.5)
    axes.set_xticks(range(len(criteria)), criteria, fontsize=small, fontweight="bold")
    axes.set_yticks(range(len(kinds)), kinds, fontsize=small)
    axes.tick_params(length=0, top=False, labeltop=True, labelbottom=False, pad=2.0)
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return Picture(sheet.figure, drawn, caption)


def with_rates(table: pd.DataFrame, level: float = 0.9) -> pd.DataFrame:
    """Add the share of runs that say what was planted, with its binomial interval.

    Returns:
        ``table`` with ``right`` and ``wrong`` (shares; NaN where the planted truth is none), and
        ``right_low``, ``right_high`` (Clopper and Pearson 1934).
    """
    truth, runs = table["truth"].to_numpy(), table["runs"].to_numpy(float)
    yes, no = table["yes"].to_numpy(float), table["no"].to_numpy(float)
    known = np.isin(truth, ("yes", "no"))
    right = np.where(truth == "yes", yes, no)
    tail = (1 - level) / 2
    low = np.where(right > 0, beta.ppf(tail, np.maximum(right, 1), runs - right + 1), 0.0)
    high = np.where(right < runs, beta.ppf(1 - tail, right + 1, np.maximum(runs - right, 1)), 1.0)
    shares = {
        "right": right / runs, "wrong": (yes + no - right) / runs, "right_low": low,
        "right_high": high,
    }  # fmt: skip
    return table.assign(**{name: np.where(known, found, np.nan) for name, found in shares.items()})


def _draw_cell(
    axes: Axes,
    place: tuple[int, int],
    row: Mapping[Hashable, Any],
    colours: tuple[str, str],
    size: float,
) -> None:
    """A bar of all runs, right ones from the left, wrong ones from the right; and their shares."""
    x, y = place
    left, width, height = x - 0.44, 0.88, 0.3
    parts = {name: float(str(row[name])) for name in ("right", "wrong", "yes", "no", "runs")}
    top = y + 0.12
    axes.add_patch(Rectangle((left, top), width, height, color=_UNDECIDED, linewidth=0))
    if row["truth"] not in ("yes", "no"):
        axes.text(x, y - 0.14, f"{row['truth']}", fontsize=size * 0.86, color="#8A8A8A",
                  ha="center", va="center")  # fmt: skip
        return
    right, wrong = parts["right"] * width, parts["wrong"] * width
    axes.add_patch(Rectangle((left, top), right, height, color=colours[0], linewidth=0))
    axes.add_patch(
        Rectangle((left + width - wrong, top), wrong, height, color=colours[1], linewidth=0)
    )
    ends = [left + float(str(row[name])) * width for name in ("right_low", "right_high")]
    axes.plot(ends, [top + height / 2] * 2, color=INK, linewidth=0.7)
    axes.text(left, y - 0.14, f"{row['truth']}", fontsize=size * 0.86, color=INK, ha="left",
              va="center")  # fmt: skip
    axes.text(left + width, y - 0.14, f"{100 * parts['right']:.0f}", fontsize=size * 0.86,
              color=INK, ha="right", va="center")  # fmt: skip


def _caption(drawn: pd.DataFrame, made: Made) -> str:
    few, many = int(drawn["runs"].min()), int(drawn["runs"].max())
    runs = f"{few}" if few == many else f"{few} to {many}"
    known = drawn[drawn["truth"].isin(("yes", "no"))]
    positive = known[known["truth"] == "no"]
    detected = known[known["truth"] == "yes"]
    parts = [
        f"Planted networks (rows; {runs} of each), judged by the criteria of the claims (columns): "
        "the planted truth, the share of runs in % that says so, and the bar of all runs."
    ]
    if len(positive):
        rate = positive["yes"].sum() / positive["runs"].sum()
        parts.append(f"Yes where the truth is no: {100 * rate:.1f} % of runs.")
    if len(detected):
        rate = detected["yes"].sum() / detected["runs"].sum()
        parts.append(f"Yes where it is yes: {100 * rate:.1f} %.")
    return " ".join(parts)
