"""Maps of the tuning of all units of a network: a line a unit, a column a preferred value."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from pez.evidence.schema import NO_CONTROL

TITLES = {
    "plain": "as in the paper",
    "given_occupancy": "given occupancy",
    "given_place": "given place",
    "under_ball": "under the ball",
}
READINGS_IN_WORDS = (
    "As in the paper: the variable alone, at every position. Given occupancy: beside how much the "
    "ball and its shadow cover of the patch and of those about it. Given place: and beside where "
    "in the frame the ball is (to second degree). Under the ball: at the token under it in each "
    "tubelet, given its place."
)
_EMPTY = "#F1F1F1"
_TURN = {-np.pi / 2: "\N{MINUS SIGN}90°", 0.0: "0°", np.pi / 2: "90°"}


def networks_of(rows: pd.DataFrame) -> list[str]:
    """Controls in ``rows`` in their order, the model itself first."""
    return list(dict.fromkeys(rows["control"]))


def largest(rows: pd.DataFrame) -> float:
    """Upper end of a scale for the gains in ``rows``."""
    return max(float(np.nanmax(rows["best"].to_numpy(float), initial=0.0)), 1e-3)


def ordered(rows: pd.DataFrame) -> np.ndarray:
    """Gains of ``rows`` by bin [units, bins], sorted by the bin of the peak, then its height."""
    names = sorted(str(name) for name in rows if str(name).startswith("bin_"))
    values = rows[names].to_numpy(float)
    known = values[np.isfinite(values).any(axis=1)]
    peak = np.nanargmax(known, axis=1)
    height = np.nanmax(known, axis=1)
    return np.asarray(known[np.lexsort((-height, peak))])


def draw_map(axes: Axes, rows: pd.DataFrame, top: float, variable: str) -> AxesImage:
    """Draw the units in ``rows``, of one network and reading, on a scale from 0 to ``top``."""
    values = ordered(rows)
    low, high = float(rows["low"].iloc[0]), float(rows["high"].iloc[0])
    axes.set_facecolor(_EMPTY)
    image = axes.imshow(
        values if len(values) else np.full((1, 1), np.nan),
        aspect="auto",
        cmap="magma_r",
        vmin=0,
        vmax=top,
        interpolation="nearest",
        extent=(low, high, max(len(values), 1), 0),
        gid=f"{variable}/{rows['reading'].iloc[0]}/{rows['control'].iloc[0]}",
    )
    axes.grid(False)
    if variable == "direction":
        axes.set_xticks(list(_TURN), list(_TURN.values()))
    axes.set_yticks([])
    return image


def heading(rows: pd.DataFrame) -> str:
    """Title of a map: the reading, and the share of units that are tuned."""
    share = f"{100 * rows['tuned'].mean():.0f} %"
    return f"{TITLES[str(rows['reading'].iloc[0])]}: {share}"


def whose(control: str, seed: object) -> str:
    """Label of a row of panels."""
    return "the model" if control == NO_CONTROL else f"untrained, seed {seed}"
