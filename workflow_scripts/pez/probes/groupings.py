"""Which clips must stay on one side of a cross-validation split.

The camera looks straight down from above the world's origin, so the origin is the centre of the
image and start positions in metres and in pixels differ by a scale and the sign of y alone.
"""

import numpy as np
import pandas as pd

from pez.probes.catalogue import REGIONS
from pez.probes.spec import Grouping


def group_ids(labels: pd.DataFrame, grouping: Grouping, seed: int) -> np.ndarray:
    """Group number of every clip, int64 [n], 0 .. groups - 1 without gaps.

    Args:
        labels: one row a clip, columns of ``labels.parquet``.
        grouping: the key whose equal values are kept together.
        seed: of the k-means behind ``spatial_cluster``.
    """
    direction, magnitude, start = (
        labels[f"{name}_index"].to_numpy(np.int64) for name in ("direction", "magnitude", "start")
    )
    key: tuple[np.ndarray, ...]
    match grouping:
        case "position":
            key = (start,)
        case "condition":
            key = (direction, magnitude)
        case "video":
            key = (np.arange(len(labels)),)
        case "direction":
            key = (direction,)
        case "magnitude":
            key = (magnitude,)
        case "pixel_region":
            key = (pixel_region(_starts(labels, "m")),)
        case "spatial_sector":
            key = (spatial_sector(_starts(labels, "m")),)
        case "spatial_cluster":
            key = (spatial_cluster(_starts(labels, "px"), seed),)
        case "direction_spatial_sector":
            key = (direction, spatial_sector(_starts(labels, "m")))
        case "magnitude_spatial_sector":
            key = (magnitude, spatial_sector(_starts(labels, "m")))
    return np.unique(np.stack(key, axis=1), axis=0, return_inverse=True)[1].reshape(-1)


def spatial_sector(starts: np.ndarray) -> np.ndarray:
    """Angular sector of each start [n, 2] about the image centre: five of 72 degrees.

    Sector 0 begins at the positive x axis; numbers rise counter-clockwise as seen in the image.
    """
    turn = np.mod(np.arctan2(starts[:, 1], starts[:, 0]) / (2 * np.pi), 1.0)
    return np.minimum((turn * REGIONS).astype(np.int64), REGIONS - 1)


def pixel_region(starts: np.ndarray) -> np.ndarray:
    """Region of each start [n, 2]: 0 the central square, 1 .. 4 the quadrants around it.

    Our reading of the "5 pixel regions" that the reproduction names and does not define: the
    start area is the smallest square about the image centre that holds all starts; the central
    square has a fifth of its area, so that uniform starts fill the five regions equally.
    """
    half_side = np.abs(starts).max() / np.sqrt(REGIONS)
    quadrant = 1 + 2 * (starts[:, 1] >= 0).astype(np.int64) + (starts[:, 0] >= 0)
    return np.where(np.abs(starts).max(axis=1) <= half_side, 0, quadrant)


def spatial_cluster(starts: np.ndarray, seed: int) -> np.ndarray:
    """k-means cluster (five, or as many as there are distinct starts) of each start [n, 2]."""
    from sklearn.cluster import KMeans

    clusters = min(REGIONS, len(np.unique(starts, axis=0)))
    return KMeans(clusters, n_init=10, random_state=seed).fit_predict(starts).astype(np.int64)


def _starts(labels: pd.DataFrame, unit: str) -> np.ndarray:
    return labels[[f"start_x_{unit}", f"start_y_{unit}"]].to_numpy(np.float64)
