"""What is kept of the models of a unit at all positions: one row a unit."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from pez.inside.tuning.design import Design, Variable
from pez.inside.tuning.sums import Sums
from pez.inside.tuning.tune import Tuned


class UnitRows(NamedTuple):
    """Units of one reading.

    Attributes:
        table: one row a unit.
        limit: largest gain that 5 % of permutations exceed, in any unit at any position.
        edges: of the bins.
    """

    table: pd.DataFrame
    limit: float
    edges: list[float]


LEVEL = 0.95  # of the null of the largest gain over all units
HARMONICS = 4


def preferred(
    variable: Variable, weights: np.ndarray, speeds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Preferred direction or speed, and gain.

    Args:
        variable: which.
        weights: [P, 2, U], of cosine and sine, or of the speed and its square.
        speeds: that there are.

    Returns:
        Two of [P, U]. Directions from -pi to pi; speeds from the least to the largest of
        ``speeds``, NaN where the parabola opens upwards. Gain: length of the vector of weights; of
        speed, size of the linear weight.
    """
    one, two = weights[:, 0].astype(np.float64), weights[:, 1].astype(np.float64)
    if variable == "direction":
        return np.arctan2(two, one), np.hypot(one, two)
    peak = np.full(one.shape, np.nan)
    np.divide(-one, 2 * two, out=peak, where=two < 0)
    return np.clip(peak, speeds.min(), speeds.max()), np.abs(one)


def bin_edges(variable: Variable, values: np.ndarray, speeds: np.ndarray, bins: int) -> np.ndarray:
    """Edges of bins [bins + 1] over -pi to pi, or from the 1st to the 99th percentile of speeds."""
    if variable == "direction":
        return np.linspace(-np.pi, np.pi, bins + 1)
    known = values[np.isfinite(values)]
    low, high = np.percentile(known, (1, 99)) if len(known) else (0.0, 0.0)
    if not low < high:
        low, high = speeds.min(), speeds.max()
    return np.linspace(low, high, bins + 1)


def largest_by_bin(gained: np.ndarray, values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Largest gain over the positions whose preferred value lies in a bin, [U, bins].

    Values beyond the ends count in the first and last bin. NaN where there is no position.
    """
    bins = len(edges) - 1
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, bins - 1)
    place = np.where(np.isfinite(values), place, -1)
    found = np.full((gained.shape[1], bins), -np.inf)
    for one in range(bins):
        found[:, one] = np.where(place == one, gained, -np.inf).max(axis=0)
    return np.where(np.isneginf(found), np.nan, found)


def harmonics(means: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Power of the harmonics of class means.

    Args:
        means: [..., D, U], of directions equally spaced.
        angles: of these, [D].

    Returns:
        [..., `HARMONICS`, U]; together they are the variance of the means over the directions
        (up to 9 of these). NaN for harmonics beyond half of the directions.
    """
    count = len(angles)
    found = np.full((*means.shape[:-2], HARMONICS, means.shape[-1]), np.nan)
    for harmonic in range(1, min(HARMONICS, count // 2) + 1):
        waves = np.exp(-1j * harmonic * angles) / count
        share = np.einsum("d,...du->...u", waves, means)
        twice = 1 if 2 * harmonic == count else 2
        found[..., harmonic - 1, :] = twice * np.abs(share) ** 2
    return found


def level_means(sums: Sums, levels: np.ndarray) -> np.ndarray:
    """Mean over the clips of every level, float64 [P, levels, U]; NaN where there is none."""
    of_level = np.equal.outer(np.unique(levels), levels).astype(np.float64)
    count = of_level @ sums.beside.count.cpu().numpy()[..., None]
    total = of_level.astype(np.float32) @ sums.of_condition.cpu().numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / count + sums.level.cpu().numpy()[:, None])


def unit_rows(sums: Sums, design: Design, variable: Variable, tuned: Tuned, bins: int) -> UnitRows:
    """One row a unit, and what holds for all.

    Returns:
        ``unit``, ``best`` (largest gain over positions) and where: ``position``, ``preferred``,
        ``gain``, ``weight_1``, ``weight_2`` there; ``p`` (share of permutations in which the unit
        reaches ``best``), ``bin_00`` .. (largest gain by preferred value), ``level_0`` .. (mean
        activation by direction or speed, at the best position), ``harmonic_1`` .. (power of the
        means by direction, summed over all positions; of speeds NaN).
    """
    speeds = design.speed
    value, gain = preferred(variable, tuned.weights, speeds)
    # where a unit prefers nothing it cannot be at its best
    gained = np.where(np.isfinite(value), tuned.gained, -np.inf)
    units = np.arange(gained.shape[1])
    position = gained.argmax(axis=0)
    best = gained[position, units]
    edges = bin_edges(variable, value, speeds, bins)
    table = {
        "unit": units,
        "best": np.where(np.isneginf(best), np.nan, best),
        "position": position,
        "preferred": value[position, units],
        "gain": gain[position, units],
        "weight_1": tuned.weights[position, 0, units],
        "weight_2": tuned.weights[position, 1, units],
        "p": (1 + (tuned.null >= best).sum(axis=0)) / (1 + len(tuned.null)),
    }
    of_bins = largest_by_bin(gained, value, edges)
    table |= {f"bin_{number:02d}": of_bins[:, number] for number in range(bins)}
    means = level_means(sums, design.levels(variable))
    own = means[position, :, units]
    table |= {f"level_{number}": own[:, number] for number in range(own.shape[1])}
    power = np.full((HARMONICS, len(units)), np.nan)
    if variable == "direction":
        angles = design.angle[np.unique(design.direction, return_index=True)[1]]
        here = np.isfinite(means).all(axis=(1, 2))
        power = harmonics(means[here], angles).sum(axis=0)
    table |= {f"harmonic_{number + 1}": power[number] for number in range(HARMONICS)}
    rows = pd.DataFrame(table)
    measured = rows.columns.drop(["unit", "position"])
    rows[measured] = rows[measured].astype(np.float32)
    limit = float(np.quantile(tuned.null.max(axis=1), LEVEL))
    return UnitRows(rows, limit, [float(edge) for edge in edges])
