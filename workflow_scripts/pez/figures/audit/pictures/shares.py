"""What decides the answer: shares of variance of every outcome by choice of the protocol."""

from itertools import cycle, islice

import pandas as pd
from matplotlib.axes import Axes

from pez.audit.shares import COLUMNS as SHARE_COLUMNS
from pez.audit.shares import OUTCOMES
from pez.figures.audit.sheet import (
    INK,
    PALE_GREY,
    Made,
    Picture,
    handle,
    open_sheet,
    patch,
    sentence,
)
from pez.figures.spec import FigureStyle

# Of `pez.audit.shares.variance_shares`, for one variable, with its outcomes below one another.
COLUMNS = ("variable", "outcome", *SHARE_COLUMNS)
_LEFT, _RIGHT, _GAP, _ROW, _HEAD, _FOOT = 38.0, 4.0, 5.0, 3.6, 4.5, 8.5
_PAIRS = 3  # largest pairs that have a row
_TITLES = {  # of panels: one line each
    "half_rise_depth": "onset: half-rise",
    "step_depth": "onset: best step",
    "sharpness": "sharpness",
    "margin": "gain",
    "has_onset": "any onset",
}
_HIGHER = "three or more together"


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw shares of all outcomes in ``table``."""
    outcomes = [name for name in OUTCOMES if name in set(table["outcome"])]
    drawn = table.assign(row=_rows(table))
    order = _order(drawn)
    drawn = drawn[drawn["row"].isin(order)].reset_index(drop=True)
    variable = str(table["variable"].iloc[0])
    caption = _caption(table, outcomes, made)
    own, together, shapley = islice(cycle(style.colours.curves), 3)
    legend = [
        patch("the choice alone", own),
        patch("with its part in combinations", own, alpha=0.3),
        patch("combinations of choices", together),
    ]
    if (drawn["method"] == "shapley").any():
        legend.append(patch("Shapley share", shapley))
    if drawn["low"].notna().any():
        legend.append(handle("90 % interval", INK, linewidth=1.0))
    body = _HEAD + _ROW * len(order) + _FOOT
    sheet = open_sheet(
        f"What decides the answer: {variable}", made, caption, body, style, legend, wide=True
    )
    count = len(outcomes)
    width = (sheet.width - _LEFT - _RIGHT - _GAP * (count - 1)) / count
    for number, outcome in enumerate(outcomes):
        axes = sheet.axes(_LEFT + number * (width + _GAP), _HEAD, width, _ROW * len(order))
        _draw(axes, drawn[drawn["outcome"] == outcome], order, style)
        axes.set_title(_TITLES[outcome], loc="left", fontweight="bold", pad=3.0)
        axes.tick_params(labelleft=number == 0)
    return Picture(sheet.figure, drawn, caption)


def _rows(table: pd.DataFrame) -> pd.Series:
    """Name of the row in which a share stands."""
    factor = table["factor"].str.replace("_", " ")
    pair = factor + " \N{MULTIPLICATION SIGN} " + table["other"].str.replace("_", " ")
    return pair.where(table["order"] == "pair", factor.where(table["order"] != "higher", _HIGHER))


def _order(drawn: pd.DataFrame) -> list[str]:
    """Rows from top: choices and pairs by their largest share in any outcome."""
    largest = drawn.groupby(["order", "row"])["share"].max().fillna(0.0)

    def sorted_rows(*orders: str) -> list[str]:
        part = largest[largest.index.get_level_values("order").isin(orders)]
        return list(part.groupby("row").max().sort_values(ascending=False, kind="stable").index)

    pairs = sorted_rows("pair")[:_PAIRS]
    return [*sorted_rows("first", "shapley"), *pairs, *sorted_rows("higher")]


def _draw(axes: Axes, rows: pd.DataFrame, order: list[str], style: FigureStyle) -> None:
    own, together, shapley = islice(cycle(style.colours.curves), 3)
    looks = {
        "total": (own, 0.3, 0.62), "first": (own, 1.0, 0.62), "pair": (together, 1.0, 0.62),
        "higher": (together, 1.0, 0.62), "shapley": (shapley, 1.0, 0.62),
    }  # fmt: skip
    place = {name: number for number, name in enumerate(order)}
    for kind, (colour, alpha, height) in looks.items():
        part = rows[rows["order"] == kind]
        y = part["row"].map(place).to_numpy(float)
        axes.barh(y, part["share"].fillna(0.0), height=height, color=colour, alpha=alpha,
                  linewidth=0, gid=kind, zorder=2)  # fmt: skip
        if kind != "total":
            axes.hlines(y, part["low"], part["high"], colors=INK, linewidth=1.0, zorder=3)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_yticks(range(len(order)), order)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 1)
    axes.set_xticks((0, 0.5, 1), ("0", "0.5", "1"))
    axes.xaxis.grid(True)
    axes.yaxis.grid(False)
    first_joint = sum(name in set(rows["factor"].str.replace("_", " ")) for name in order)
    axes.axhline(first_joint - 0.5, color=PALE_GREY, linewidth=0.6)
    axes.set_xlabel("share of variance", labelpad=1.5)
    if rows["share"].isna().all():
        axes.text(0.5, 0.5, "the same\nin all cells", transform=axes.transAxes, ha="center",
                  va="center", color=INK)  # fmt: skip


def _caption(table: pd.DataFrame, outcomes: list[str], made: Made) -> str:
    parts = [
        f"Exact analysis of variance over all cells ({made.clips}): the part of an outcome's "
        "variance that each choice explains alone, and with all combinations it is in; below, the "
        f"{_PAIRS} largest pairs, and all terms of three choices or more."
    ]
    remarks: dict[str, list[str]] = {}
    for outcome in outcomes:
        first = table[table["outcome"] == outcome].iloc[0]
        method = "Shapley shares of the " if first["method"] == "shapley" else ""
        what = f"{method}{first['cells']} of {first['of']} cells that have one" if method else ""
        remark = "; ".join(part for part in (what, str(first["note"])) if part)
        if remark:
            remarks.setdefault(remark, []).append(_TITLES[outcome])
    parts += [f"{sentence(', '.join(names))}: {remark}." for remark, names in remarks.items()]
    return " ".join(parts)
