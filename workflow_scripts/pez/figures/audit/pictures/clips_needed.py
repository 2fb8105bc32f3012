"""Training clips that a state needs until a variable is readable from it, against depth."""

from itertools import cycle

import numpy as np
import pandas as pd

from pez.audit.outcomes import NETWORK
from pez.estimands.clips_needed import LEVEL
from pez.evidence.schema import NO_CONTROL
from pez.figures.audit.sheet import (
    UNTRAINED_DASHES,
    UNTRAINED_GREY,
    Made,
    Picture,
    depth_ticks,
    handle,
    open_sheet,
    sentence,
)
from pez.figures.spec import FigureStyle

# Of `pez.audit.clips_by_state.clips_by_state`, for one solver and selection.
COLUMNS = (*NETWORK, "variable", "solver", "selection", "state", "median", "low", "high", "reached",
           "cells", "fewest", "most")  # fmt: skip
_LEFT, _RIGHT, _PANEL, _FOOT = 15.0, 3.0, 44.0, 9.5
_MARKERS = ("o", "s", "^", "D", "v", "P")  # told apart by shape too


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw a table of `clips_by_state`."""
    for name in ("solver", "selection"):
        if table[name].nunique() > 1:
            raise ValueError(f"the table has several of {name}: {', '.join(table[name].unique())}")
    trained = table[table["control"] == NO_CONTROL]
    untrained = table[table["control"] != NO_CONTROL]
    variables = list(dict.fromkeys(trained["variable"]))
    colours = dict(zip(variables, cycle(style.colours.curves), strict=False))
    markers = dict(zip(variables, cycle(_MARKERS), strict=False))
    legend = [
        handle(name.replace("_", " "), colours[name], marker=markers[name], markersize=3,
               linewidth=1.2)
        for name in variables
    ]  # fmt: skip
    shown = untrained[np.isfinite(untrained["median"])]
    if len(shown):
        legend.append(
            handle("untrained network", UNTRAINED_GREY, linewidth=0.9, linestyle=UNTRAINED_DASHES)
        )
    caption = _caption(trained, untrained, made)
    sheet = open_sheet(
        f"Clips needed for a score of {LEVEL}", made, caption, _PANEL + _FOOT, style, legend
    )
    axes = sheet.axes(_LEFT, 0, sheet.width - _LEFT - _RIGHT, _PANEL)
    fewest, most = float(table["fewest"].min()), float(table["most"].max())
    # The strip of what is not reached, a lane for each variable.
    lane = (most / fewest) ** 0.04
    strip = most * lane**1.5, most * lane ** (len(variables) + 2.5)
    never = {name: strip[0] * lane ** (i + 1) for i, name in enumerate(reversed(variables))}
    blocks = float(table["state"].max())
    axes.set_yscale("log")
    axes.axhspan(*strip, color="#EFEFEF", linewidth=0, zorder=0.5)
    for (_, _), rows in shown.groupby(["variable", "seed"]):
        axes.plot(rows["state"] / blocks, rows["median"], color=UNTRAINED_GREY, linewidth=0.9,
                  linestyle=UNTRAINED_DASHES)  # fmt: skip
    for name in variables:
        rows = trained[trained["variable"] == name].sort_values("state")
        x = rows["state"].to_numpy() / blocks
        median = rows["median"].to_numpy(float)
        finite = np.isfinite(median)
        axes.plot(x[finite], median[finite], color=colours[name], marker=markers[name],
                  markersize=2.8, linewidth=1.2, zorder=4, gid=name)  # fmt: skip
        axes.plot(x[~finite], np.full((~finite).sum(), never[name]), color=colours[name],
                  marker=markers[name], markersize=2.8, linestyle="none", markerfacecolor="white",
                  markeredgewidth=0.8, zorder=4, gid=f"{name}/never")  # fmt: skip
        low, high = (np.minimum(rows[end].to_numpy(float), strip[0]) for end in ("low", "high"))
        axes.fill_between(x, low, high, where=finite, color=colours[name], alpha=0.15, linewidth=0,
                          zorder=2, gid=f"{name}/band")  # fmt: skip
    axes.set_ylim(fewest / lane**2, strip[1])
    axes.set_xlim(-0.03, 1.03)
    depth_ticks(axes)
    ticks = [*_round_ticks(fewest, most), float(np.sqrt(strip[0] * strip[1]))]
    axes.set_yticks(ticks, [*(f"{tick:.0f}" for tick in ticks[:-1]), "more"])
    axes.minorticks_off()
    axes.set_xlabel("depth (residual state / blocks)", labelpad=1.5)
    axes.set_ylabel("training clips", labelpad=2.0)
    return Picture(sheet.figure, table, caption)


def _round_ticks(fewest: float, most: float) -> list[float]:
    """The smallest and largest number tried, and round ones well between them."""
    between = [tick for tick in (20, 50, 100, 200, 500, 1000, 2000, 5000)
               if fewest * 1.25 < tick < most / 1.25]  # fmt: skip
    return [fewest, *between, most]


def _caption(trained: pd.DataFrame, untrained: pd.DataFrame, made: Made) -> str:
    first = trained.iloc[0]
    few, many = (f"{number:.0f}" for number in (trained["fewest"].min(), trained["most"].max()))
    cells = ", ".join(f"{n} {v}" for v, n in trained.groupby("variable", sort=False)["cells"].max()
                      .items())  # fmt: skip
    parts = [
        f"Number of training clips at which the score first reaches {LEVEL} ({made.clips}; {few} "
        f"to {many} tried, linear in log n between): median and quartiles over cells ({cells}); "
        f'{first["solver"]}, {first["selection"]} selection. Hollow, at "more": not reached by '
        "the median cell with all clips."
    ]
    if len(untrained):
        reached = float(untrained["reached"].max())
        seeds = untrained["seed"].nunique()
        networks = f"{seeds} untrained network" + "s" * (seeds != 1)
        often = f"reached in at most {100 * reached:.0f} % of cells at any state"
        parts.append(f"{sentence(networks)}: {often if reached else 'never reached'}.")
    return " ".join(parts)
