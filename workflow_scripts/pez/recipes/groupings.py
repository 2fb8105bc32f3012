"""Which clips must stay on one side of a cross-validation split.

The camera looks straight down from above the world's origin, so the origin is the centre of the
image and start positions in metres and in pixels differ by a scale and the sign of y alone.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pez.recipes.columns import ColumnGrouping
from pez.recipes.kinds import REGIONS
from pez.recipes.spec import Grouping, PixelRegions, ProbeSpec
from pez.runtime.errors import ArtifactError


def probe_groups(labels: pd.DataFrame, spec: ProbeSpec) -> np.ndarray:
    """Group number of every clip as ``spec`` forms the groups: see `group_ids`."""
    return group_ids(
        labels,
        spec.grouping,
        spec.seed,
        sector_start_deg=spec.sector_start_deg,
        pixel_regions=spec.pixel_regions,
        kmeans_restarts=spec.kmeans_restarts,
    )


def group_ids(
    labels: pd.DataFrame,
    grouping: Grouping,
    seed: int,
    *,
    sector_start_deg: float = 0.0,
    pixel_regions: PixelRegions = "central_square",
    kmeans_restarts: int = 10,
) -> np.ndarray:
    """Group number of every clip, int64 [n], 0 .. groups - 1 without gaps.

    Numbers matter beside the partition: GroupKFold deals groups of equal size out in their order.

    Args:
        labels: one row per clip, columns of ``labels.parquet``.
        grouping: the key whose equal values are kept together.
        seed: of the k-means behind ``spatial_cluster``.
        sector_start_deg: see `spatial_sector`.
        pixel_regions: `central_square` or `nearest_point`.
        kmeans_restarts: of the k-means; the tightest result counts.

    Raises:
        ArtifactError: the labels lack a column that the grouping needs.
    """
    key: tuple[np.ndarray, ...]
    match grouping:
        case "start_index":
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
            if pixel_regions == "nearest_point":
                key = (nearest_point(_starts(labels, "px"), image_centre(labels)),)
            else:
                key = (pixel_region(_starts(labels, "m")),)
        case "spatial_sector":
            key = (_sectors(labels, sector_start_deg),)
        case "spatial_cluster":
            key = (spatial_cluster(_starts(labels, "px"), seed, kmeans_restarts),)
        case "direction_spatial_sector":
            key = (_codes(labels, "direction_index"), _sectors(labels, sector_start_deg))
        case "magnitude_spatial_sector":
            key = (_codes(labels, "magnitude_index"), _sectors(labels, sector_start_deg))
        case "scene":
            key = (_codes(labels, "block"), _codes(labels, "scene"))
        case ColumnGrouping(column=columns):
            key = tuple(_codes(labels, name) for name in columns)
    return np.unique(np.stack(key, axis=1), axis=0, return_inverse=True)[1].reshape(-1)


def spatial_sector(starts: np.ndarray, start_deg: float = 0.0) -> np.ndarray:
    """Angular sector of each start [n, 2], in metres, about the image centre: five of 72 degrees.

    The edges lie at ``start_deg``, ``start_deg`` + 72, ... degrees in the image, whose y axis
    points down: the reference's are at -180, -108, -36, 36 and 108. Sector 0 begins at the first
    of them and numbers rise clockwise as seen in the image. Only from 0 degrees on they rise
    counter-clockwise, as they always have: the partition is the same, the folds would not be.
    """
    angle = np.arctan2(starts[:, 1], starts[:, 0])  # y up
    if start_deg != 0:
        angle = np.arctan2(-starts[:, 1], starts[:, 0]) - np.radians(start_deg)
    turn = np.mod(angle / (2 * np.pi), 1.0)
    return np.minimum((turn * REGIONS).astype(np.int64), REGIONS - 1)


def image_centre(labels: pd.DataFrame) -> float:
    """Half the image's side in pixels, from starts in metres and pixels.

    The image is square and its centre is the world's origin: x_px = c + k x_m, y_px = c - k y_m.
    """
    metres = _starts(labels, "m") * (1, -1)
    system = np.stack([metres.ravel(), np.ones(metres.size)], axis=1)
    return float(np.linalg.lstsq(system, _starts(labels, "px").ravel())[0][1])


def nearest_point(starts: np.ndarray, centre: float) -> np.ndarray:
    """Region of each start [n, 2], in pixels: the nearest of five points of the image.

    0 to 3 are the centres of the quadrants, row by row from the top left, 4 the image's centre
    (``centre``, ``centre``): at 256 pixels (64, 64), (192, 64), (64, 192), (192, 192), (128, 128),
    the reference's. Ties go to the first.
    """
    points = centre * np.array([(0.5, 0.5), (1.5, 0.5), (0.5, 1.5), (1.5, 1.5), (1.0, 1.0)])
    return ((starts[:, None] - points) ** 2).sum(axis=2).argmin(axis=1)


def pixel_region(starts: np.ndarray) -> np.ndarray:
    """Region of each start [n, 2]: 0 the central square, 1 .. 4 the quadrants around it.

    Made so that the regions are equal, unlike those of `nearest_point`: the start area is the
    smallest square about the image centre that holds all starts; the central square has a fifth of
    its area, so that uniform starts fill the five regions equally.
    """
    half_side = np.abs(starts).max() / np.sqrt(REGIONS)
    quadrant = 1 + 2 * (starts[:, 1] >= 0).astype(np.int64) + (starts[:, 0] >= 0)
    return np.where(np.abs(starts).max(axis=1) <= half_side, 0, quadrant)


def spatial_cluster(starts: np.ndarray, seed: int, restarts: int = 10) -> np.ndarray:
    """k-means cluster (five, or as many as there are distinct starts) of each start [n, 2]."""
    from sklearn.cluster import KMeans

    clusters = min(REGIONS, len(np.unique(starts, axis=0)))
    return KMeans(clusters, n_init=restarts, random_state=seed).fit_predict(starts).astype(np.int64)


def _sectors(labels: pd.DataFrame, start_deg: float) -> np.ndarray:
    return spatial_sector(_starts(labels, "m"), start_deg)


def _codes(labels: pd.DataFrame, name: str) -> np.ndarray:
    """Values of the label ``name``, numbered in their order: int64 [n]."""
    return np.unique(_columns(labels, name)[:, 0], return_inverse=True)[1]


def _starts(labels: pd.DataFrame, unit: str) -> np.ndarray:
    names = (f"start_x_{unit}", f"start_y_{unit}")
    return as_numbers(_columns(labels, *names), names)


def as_numbers(values: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Return the label columns ``names`` [n, k] as float64.

    Raises:
        ArtifactError: some of them hold text.
    """
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ArtifactError(
            f"label column(s) {', '.join(names)} should hold numbers ({error}): delete the labels "
            "and run again."
        ) from error


def _columns(labels: pd.DataFrame, *names: str) -> np.ndarray:
    missing = [name for name in names if name not in labels.columns]
    if missing:
        raise ArtifactError(
            f"the labels lack column(s) {', '.join(missing)}, which the grouping of the probe "
            "needs: delete them and run again."
        )
    columns = labels[list(names)]
    gaps = [name for name in names if columns[name].isna().any()]
    if gaps:
        raise ArtifactError(
            f"the labels have no value of {', '.join(gaps)} for some clips, which the grouping of "
            "the probe needs: delete them and run again."
        )
    return columns.to_numpy()
