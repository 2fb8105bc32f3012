"""Calibration: what every criterion says of planted networks whose answer is known."""

from collections.abc import Hashable, Mapping
from itertools import cycle, islice
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pez.figures.audit.sheet import INK, Made, Picture, handle, open_sheet, patch
from pez.figures.spec import FigureStyle
from pez.figures.style import SMALL, text_width_mm

COLUMNS = ("planted", "criterion", "truth", "yes", "no", "undecided", "runs", "yes_rate", "yes_low",
           "yes_high", "no_rate", "no_low", "no_high")  # fmt: skip
_WORDS = {"half_rise": "half-rise", "logistic_inflection": "logistic"}
_RIGHT, _ROW, _FOOT = 3.0, 5.2, 1.0  # millimetres
_TITLE = "Criteria on planted networks"
_UNDECIDED = "#D9D9D9"


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw a table of planted networks by criterion."""
    bearing = set(table.loc[table["truth"] != "none", "criterion"])
    drawn = with_rates(table[table["criterion"].isin(bearing)])
    unknown = [str(name) for name in table["criterion"].unique() if name not in bearing]
    kinds, criteria = (list(dict.fromkeys(drawn[name])) for name in ("planted", "criterion"))
    right, wrong = islice(cycle(style.colours.curves), 2)
    legend = [
        patch("says what was planted", right),
        patch("says the opposite", wrong),
        patch("undecided", _UNDECIDED),
        handle("90 % interval", INK, linewidth=0.7),
    ]
    caption = _caption(drawn, unknown)
    small = style.font_pt * SMALL
    names = [str(name).replace("_", " ") for name in kinds]
    left = 4.0 + max(text_width_mm(name, small) for name in names)
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
    heads = [_WORDS.get(name, name) for name in criteria]
    axes.set_xticks(range(len(criteria)), heads, fontsize=small, fontweight="bold")
    axes.set_yticks(range(len(kinds)), names, fontsize=small)
    axes.tick_params(length=0, top=False, labeltop=True, labelbottom=False, pad=2.0)
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return Picture(sheet.figure, drawn, caption)


def with_rates(table: pd.DataFrame) -> pd.DataFrame:
    """Add what a criterion's answers are worth.

    Returns:
        ``table`` with ``right`` and ``wrong`` (shares of runs that say what was planted, and the
        opposite), ``right_low`` and ``right_high``; NaN where the planted truth is none.
    """
    truth = table["truth"]

    def of(answer: str, opposite: str) -> pd.Series:
        found = table[answer].where(truth == "yes", table[opposite])
        return found.where(truth.isin(("yes", "no")))

    return table.assign(
        right=of("yes_rate", "no_rate"),
        wrong=of("no_rate", "yes_rate"),
        right_low=of("yes_low", "no_low"),
        right_high=of("yes_high", "no_high"),
    )


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
    parts = {name: float(row[name]) for name in ("right", "wrong", "right_low", "right_high")}
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
    ends = [left + parts[name] * width for name in ("right_low", "right_high")]
    axes.plot(ends, [top + height / 2] * 2, color=INK, linewidth=0.7)
    axes.text(left, y - 0.14, f"{row['truth']}", fontsize=size * 0.86, color=INK, ha="left",
              va="center")  # fmt: skip
    axes.text(left + width, y - 0.14, f"{100 * parts['right']:.0f}", fontsize=size * 0.86,
              color=INK, ha="right", va="center")  # fmt: skip


def _caption(drawn: pd.DataFrame, unknown: list[str]) -> str:
    few, many = int(drawn["runs"].min()), int(drawn["runs"].max())
    runs = f"{few}" if few == many else f"{few} to {many}"
    known = drawn[drawn["truth"].isin(("yes", "no"))]
    positive = known[known["truth"] == "no"]
    detected = known[known["truth"] == "yes"]
    parts = [
        f"Planted networks (rows; {runs} of each), judged by the criteria (columns): "
        "the planted truth, the share of runs in % that says so, and the bar of all runs."
    ]
    if len(positive):
        rate = positive["yes"].sum() / positive["runs"].sum()
        parts.append(f"Yes where the truth is no: {100 * rate:.1f} % of runs.")
    if len(detected):
        rate = detected["yes"].sum() / detected["runs"].sum()
        parts.append(f"Yes where it is yes: {100 * rate:.1f} %.")
    if unknown:
        parts.append(f"Nothing planted bears on {', '.join(unknown)}.")
    return " ".join(parts)
