"""Whether preferred directions lie all around the circle, and how many units prefer any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pez.inside.tables import NetworkTable
from pez.runtime.errors import ArtifactError

SECTORS = 8
_EDGE = 1e-4  # of the range of speeds: a preferred speed nearer to an end was clipped to it


@dataclass(frozen=True)
class Units:
    """Units of one network in one reading.

    Attributes:
        rows: one a unit, of `pez.inside.tuning.units.unit_rows`.
        limit: gain that 5 % of permutations exceed in any unit at any position.
        speeds: least and largest speed of the clips.
    """

    rows: pd.DataFrame
    limit: float
    speeds: tuple[float, float]

    @property
    def tuned(self) -> np.ndarray:
        """Which units gain more than the limit, bool [U]."""
        return (self.rows["best"] > self.limit).to_numpy()

    @property
    def share(self) -> float:
        """Share of units that are tuned."""
        return float(self.tuned.mean())

    @property
    def within_range(self) -> float:
        """Share of units that are tuned and prefer a speed within the range."""
        low, high = self.speeds
        edge = _EDGE * (high - low)
        preferred = self.rows["preferred"]
        within = (preferred > low + edge) & (preferred < high - edge)
        return float((self.tuned & within.to_numpy()).mean())

    def sectors(self) -> np.ndarray:
        """Tuned units by eighths of the circle, from -pi on, int64 [`SECTORS`]."""
        angle = self.rows["preferred"].to_numpy(np.float64)[self.tuned]
        place = np.floor((angle + np.pi) / (2 * np.pi) * SECTORS).astype(int) % SECTORS
        return np.bincount(place, minlength=SECTORS)

    def harmonics(self) -> np.ndarray:
        """Share of each harmonic in the power of means by direction, over all units; may be NaN."""
        names = [name for name in self.rows if str(name).startswith("harmonic_")]
        power = np.nansum(self.rows[names].to_numpy(np.float64), axis=0)
        known = self.rows[names].notna().any().to_numpy()
        total = power.sum()
        return np.where(known & (total > 0), power / (total or 1.0), np.nan)


def units_of(table: NetworkTable, point: str, block: int, reading: str, variable: str) -> Units:
    """Units of a table.

    Raises:
        ArtifactError: it has none of these.
    """
    rows, known = table.table, table.known
    asked = {"point": point, "block": block, "reading": reading, "variable": variable}
    own = rows[np.logical_and.reduce([rows[name] == value for name, value in asked.items()])]
    limit = known.get("limits", {}).get(f"{point}/{block}/{reading}/{variable}")
    if own.empty or limit is None:
        raise ArtifactError(
            f"the table of tuning of {known['model']} has nothing of {point} of block {block}, "
            f"{reading}, {variable}: delete it and run again."
        )
    low, high = known["speeds"]
    return Units(own.reset_index(drop=True), float(limit), (float(low), float(high)))


@dataclass(frozen=True)
class Ring:
    """Preferred directions, weighted by the gain (0 where it is negative).

    Attributes:
        first: length of the mean vector: 0 of a full ring, 1 of a single direction.
        second: the same of doubled angles: 1 of two opposite directions.
        p: of a uniform circle by the Rayleigh test. It takes units for independent, as many as the
            weights count for, which units of a network are not.
    """

    first: float
    second: float
    p: float


def ring_of(units: Units) -> Ring:
    """Ring statistics of all units; NaN where no unit gains anything."""
    angle = units.rows["preferred"].to_numpy(np.float64)
    weight = np.clip(np.nan_to_num(units.rows["best"].to_numpy(np.float64)), 0, None)
    total = weight.sum()
    if total == 0:
        return Ring(np.nan, np.nan, np.nan)
    first, second = (
        float(np.abs((weight * np.exp(1j * times * angle)).sum()) / total) for times in (1, 2)
    )
    return Ring(first, second, rayleigh(first, float(total**2 / (weight**2).sum())))


def rayleigh(length: float, count: float) -> float:
    """P of a mean vector as long as ``length`` of ``count`` uniform directions.

    J. Zar, Biostatistical Analysis, 5th ed. 2010, equation 27.4.
    """
    vector = count * length
    return float(np.exp(np.sqrt(1 + 4 * count + 4 * (count**2 - vector**2)) - (1 + 2 * count)))


def by_control(tables: Sequence[NetworkTable]) -> Mapping[str, list[NetworkTable]]:
    """Tables by control, in order."""
    found: dict[str, list[Any]] = {}
    for table in tables:
        found.setdefault(table.control, []).append(table)
    return found
