"""What is kept of the models of a unit at all positions: one row per unit."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pez.inside.tuning.design import Design, Variable
from pez.inside.tuning.sums import Sums
from pez.inside.tuning.tune import Tuned


class UnitRows(NamedTuple):
    """Units of one reading.

    Attributes:
        table: one row per unit.
        limit: largest gain that 5 % of permutations exceed, in any unit at any position.
        edges: of the bins.
    """

    table: pd.DataFrame
    limit: float
    edges: list[float]


LEVEL = 0.95  # of the null of the largest gain over all units
HARMONICS = 4


def preferred(variable: Variable, weights: Tensor, speeds: np.ndarray) -> tuple[Tensor, Tensor]:
    """Preferred direction or speed, and gain.

    Args:
        variable: which.
        weights: [P, 2, U], of cosine and sine, or of the speed and its square.
        speeds: that there are.

    Returns:
        Two of float64 [P, U]. Directions from -pi to pi; speeds from the least to the largest of
        ``speeds``, NaN where the parabola opens upwards. Gain: length of the vector of weights; of
        speed, size of the linear weight.
    """
    one, two = weights[:, 0].double(), weights[:, 1].double()
    if variable == "direction":
        return torch.atan2(two, one), torch.hypot(one, two)
    peak = (-one / (2 * two)).masked_fill(two >= 0, torch.nan)
    return peak.clamp(float(speeds.min()), float(speeds.max())), one.abs()


def bin_edges(variable: Variable, values: Tensor, speeds: np.ndarray, bins: int) -> np.ndarray:
    """Edges of bins [bins + 1] over -pi to pi, or from the 1st to the 99th percentile of speeds."""
    if variable == "direction":
        return np.linspace(-np.pi, np.pi, bins + 1)
    known = values[values.isfinite()].cpu().numpy()
    low, high = np.percentile(known, (1, 99)) if len(known) else (0.0, 0.0)
    if not low < high:
        low, high = speeds.min(), speeds.max()
    return np.linspace(low, high, bins + 1)


def largest_by_bin(gained: Tensor, values: Tensor, edges: np.ndarray) -> Tensor:
    """Largest gain over the positions whose preferred value lies in a bin, [U, bins].

    Values beyond the ends count in the first and last bin. NaN where there is no position.
    """
    bins = len(edges) - 1
    place = torch.searchsorted(torch.from_numpy(edges).to(values), values, right=True) - 1
    place = place.clamp(0, bins - 1).masked_fill(~values.isfinite(), bins)  # the last is left out
    found = gained.new_full((bins + 1, gained.shape[1]), -torch.inf)
    found.scatter_reduce_(0, place, gained, "amax")
    return found[:bins].T.masked_fill(found[:bins].T.isneginf(), torch.nan)


def harmonics(means: Tensor, angles: np.ndarray) -> Tensor:
    """Power of the harmonics of class means.

    Args:
        means: float64 [..., D, U], of directions equally spaced.
        angles: of these, [D].

    Returns:
        [..., `HARMONICS`, U]; together they are the variance of the means over the directions
        (up to 9 of these). NaN for harmonics beyond half of the directions.
    """
    count = len(angles)
    found = means.new_full((*means.shape[:-2], HARMONICS, means.shape[-1]), torch.nan)
    known = torch.arange(1, min(HARMONICS, count // 2) + 1).to(means)
    turned = known[:, None] * torch.from_numpy(angles).to(means)
    power = sum((wave(turned) / count @ means).square() for wave in (torch.cos, torch.sin))
    twice = torch.where(2 * known == count, 1, 2)[:, None]
    found[..., : len(known), :] = twice * power
    return found


def level_means(sums: Sums, levels: np.ndarray) -> Tensor:
    """Mean over the clips of every level, float64 [P, levels, U]; NaN where there is none."""
    of_level = torch.from_numpy(np.equal.outer(np.unique(levels), levels)).to(sums.of_condition)
    count = of_level.double() @ sums.beside.count[..., None]
    return of_level @ sums.of_condition / count + sums.level[:, None]


def unit_rows(sums: Sums, design: Design, variable: Variable, tuned: Tuned, bins: int) -> UnitRows:
    """One row per unit, and what holds for all.

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
    gained = tuned.gained.masked_fill(~value.isfinite(), -torch.inf)
    units = torch.arange(gained.shape[1], device=gained.device)
    position = gained.argmax(dim=0)
    best = gained[position, units]
    edges = bin_edges(variable, value, speeds, bins)
    means = level_means(sums, design.levels(variable))
    power = means.new_full((HARMONICS, len(units)), torch.nan)
    if variable == "direction":
        angles = design.angle[np.unique(design.direction, return_index=True)[1]]
        here = means.isfinite().all(dim=2).all(dim=1)
        power = harmonics(means[here], angles).sum(dim=0)
    table = {
        "unit": units,
        "best": best.masked_fill(best.isneginf(), torch.nan),
        "position": position,
        "preferred": value[position, units],
        "gain": gain[position, units],
        "weight_1": tuned.weights[position, 0, units],
        "weight_2": tuned.weights[position, 1, units],
        "p": (1 + (tuned.null >= best).sum(dim=0)) / (1 + len(tuned.null)),
        **_numbered("bin_{:02d}", largest_by_bin(gained, value, edges)),
        **_numbered("level_{}", means[position, :, units]),
        **_numbered("harmonic_{}", power.T, first=1),
    }
    rows = pd.DataFrame({name: column.cpu().numpy() for name, column in table.items()})
    measured = rows.columns.drop(["unit", "position"])
    rows[measured] = rows[measured].astype(np.float32)
    limit = float(np.quantile(tuned.null.amax(dim=1).cpu().numpy(), LEVEL))
    return UnitRows(rows, limit, [float(edge) for edge in edges])


def _numbered(name: str, values: Tensor, first: int = 0) -> dict[str, Tensor]:
    """Columns of ``values`` [U, n], by their number."""
    return {name.format(first + number): column for number, column in enumerate(values.T)}
