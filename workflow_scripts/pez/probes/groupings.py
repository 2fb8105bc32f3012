"""Which clips must stay on one side of a cross-validation split.

The camera looks straight down from above the world's origin, so the origin is the centre of the
image and start positions in metres and in pixels differ by a scale and the sign of y alone.
"""

import numpy as np
import pandas as pd

from pez.probes.catalogue import REGIONS
from pez.probes.spec import Grouping
from pez.runtime.errors import ArtifactError


def group_ids(labels: pd.DataFrame, grouping: Grouping, seed: int) -> np.ndarray:
    """Group number of every clip, int64 [n], 0 .. groups - 1 without gaps.

    Args:
        labels: one row a clip, columns of ``labels.parquet``.
        grouping: the key whose equal values are kept together.
        seed: of the k-means behind ``spatial_cluster``.

    Raises:
        ArtifactError: the labels lack a column that the grouping needs.
    """
    key: tuple[np.ndarray, ...]
    match grouping:
        case "position":
            key = (_codes(labels, "start_index"),)
        case "condition":
            key = (_codes(labels, "direction_index"), _codes(labels, "magnitude_index"))
        case "video":
            key = (np.arange(len(labels)),)
        case "direction":
            key = (_codes(labels, "direction_index"),)
        case "magnitude":
            key = (_codes(labels, "magnitude_index"),)
        case "pixel_region":
            key = (pixel_region(_starts(labels, "m")),)
        case "spatial_sector":
            key = (spatial_sector(_starts(labels, "m")),)
        case "spatial_cluster":
            key = (spatial_cluster(_starts(labels, "px"), seed),)
        case "direction_spatial_sector":
            key = (_codes(labels, "direction_index"), spatial_sector(_starts(labels, "m")))
        case "magnitude_spatial_sector":
            key = (_codes(labels, "magnitude_index"), spatial_sector(_starts(labels, "m")))
        case "scene":
            key = (_codes(labels, "block"), _codes(labels, "scene"))
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


def _codes(labels: pd.DataFrame, name: str) -> np.ndarray:
    """Values of the label ``name``, numbered in their order: int64 [n]."""
    return np.unique(_columns(labels, name)[:, 0], return_inverse=True)[1]


def _starts(labels: pd.DataFrame, unit: str) -> np.ndarray:
    return _columns(labels, f"start_x_{unit}", f"start_y_{unit}").astype(np.float64)


def _columns(labels: pd.DataFrame, *names: str) -> np.ndarray:
    missing = [name for name in names if name not in labels.columns]
    if missing:
        raise ArtifactError(
            f"the labels lack column(s) {', '.join(missing)}, which the grouping of the probe "
            "needs: delete them and run again."
        )
    return labels[list(names)].to_numpy()
