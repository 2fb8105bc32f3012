"""Distances between the tokens of a clip, and what attention to all tokens alike makes of them."""

import math

import numpy as np
from numpy.typing import NDArray

from pez.encoders.family import Grid

# What is averaged over the keys of a query, weighted by attention.
FIELDS = ("spatial", "temporal", "joint", "near")
# What is kept of every head: those; the shares of attention to the token itself and to the tokens
# of its tubelet; entropy; and the spatial distance as a share of the query's own distance under
# uniform attention, which is larger at the border of a frame.
MEASURES = (*FIELDS, "self", "same_tubelet", "entropy", "spatial_share")


def patch_distances(grid: Grid) -> NDArray[np.float64]:
    """Euclidean distance between the patches of a frame, in patches: [P, P], P = rows x columns."""
    row, column = np.divmod(np.arange(grid.rows * grid.columns), grid.columns)
    return np.hypot(row[:, None] - row, column[:, None] - column)


def distance_fields(grid: Grid) -> NDArray[np.float32]:
    """Every field of `FIELDS` between a query and a key, by the patches and the tubelets between.

    In patches: ``spatial``; in tubelets: ``temporal``; ``joint``: the root of the sum of their
    squares; ``near``: 1 for tokens at most one patch and one tubelet away (the query among them),
    else 0, so that its mean is a share of attention.

    Returns:
        float32 [P, fields, 2T - 1, P]: query patch, field, key tubelet minus query tubelet plus
        T - 1, key patch. The fields of a query of tubelet t are [:, :, T - 1 - t : 2T - 1 - t].
    """
    spatial = patch_distances(grid)[:, None, :]
    temporal = np.abs(np.arange(1 - grid.tubelets, grid.tubelets))[None, :, None].astype(float)
    values = {
        "spatial": spatial,
        "temporal": temporal,
        "joint": np.hypot(spatial, temporal),
        "near": (spatial <= 1) & (temporal <= 1),
    }
    patches = grid.rows * grid.columns
    shape = (patches, 2 * grid.tubelets - 1, patches)
    found = [np.broadcast_to(values[name], shape) for name in FIELDS]
    return np.stack(found, axis=1).astype(np.float32)


def uniform_values(grid: Grid) -> dict[str, float]:
    """Every one of `MEASURES` for attention to all tokens alike, exactly (float64).

    16 x 16 patches: a spatial distance of 8.33; 14 x 14: 7.28.
    """
    spatial = patch_distances(grid)
    tubelet = np.arange(grid.tubelets)
    temporal = np.abs(tubelet[:, None] - tubelet).astype(float)
    tokens = grid.tubelets * grid.rows * grid.columns
    near = (spatial <= 1).mean() * (temporal <= 1).mean()
    return {
        "spatial": float(spatial.mean()),
        "temporal": float(temporal.mean()),
        "joint": float(np.mean([np.hypot(spatial, apart).mean() for apart in temporal.ravel()])),
        "near": float(near),
        "self": 1 / tokens,
        "same_tubelet": 1 / grid.tubelets,
        "entropy": math.log(tokens),
        "spatial_share": 1.0,
    }
