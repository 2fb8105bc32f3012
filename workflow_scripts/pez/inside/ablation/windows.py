"""Keys that a window about each query takes away, and as many others to compare it with.

The paper's windows (its appendix on attention ablation): keys within a distance of ``spatial``
patches, at whatever time; keys within ``temporal`` tubelets, at whatever place; their union, or
their intersection. A spatial window of 7 so removes 39 % of all keys and a temporal one of 3 69 %:
what such a removal costs says something of locality only beside the same number of other keys.
"""

from typing import Literal

import torch
from torch import Tensor

from pez.encoders.family import Grid
from pez.inside.ablation.spec import WindowSpec

Keys = Literal["window", "random", "far", "others", "mass"]
_AS_FAR = 1e-6  # distances that differ by rounding alone


def spatial_distance(grid: Grid) -> Tensor:
    """Euclidean distance of every token to every other, patches, float32 [tokens, tokens]."""
    rows = torch.arange(grid.rows, dtype=torch.float32).repeat_interleave(grid.columns)
    columns = torch.arange(grid.columns, dtype=torch.float32).repeat(grid.rows)
    patches = torch.hypot(rows[:, None] - rows, columns[:, None] - columns)
    return patches.repeat(grid.tubelets, grid.tubelets)


def temporal_distance(grid: Grid) -> Tensor:
    """Distance of every token to every other, tubelets, float32 [tokens, tokens]."""
    tubelets = torch.arange(grid.tubelets, dtype=torch.float32)
    tubelets = tubelets.repeat_interleave(grid.rows * grid.columns)
    return (tubelets[:, None] - tubelets).abs()


def keys_within(window: WindowSpec, grid: Grid) -> Tensor:
    """Keys within ``window`` of every query, bool [queries, keys]."""
    near = []
    if window.spatial is not None:
        near.append(spatial_distance(grid) <= window.spatial + _AS_FAR)
    if window.temporal is not None:
        near.append(temporal_distance(grid) <= window.temporal)
    together = torch.stack(near)
    return together.any(dim=0) if window.joined == "union" else together.all(dim=0)


def removed_keys(window: WindowSpec, keys: Keys, grid: Grid, seed: int = 0) -> Tensor:
    """Keys to be taken away from every query, bool [queries, keys].

    Args:
        window: which keys are near.
        keys: ``window``: these; ``others``: these but for the query itself; ``random``: as many as
            these, drawn for every query; ``far``: as many, from the far end, by the distances that
            the window limits (their Euclidean sum, where it limits both). ``mass`` depends on the
            attention: `pez.inside.ablation.attend.MassMatched`.
        grid: of the tokens.
        seed: of the draws, and of what is taken first of keys equally far.
    """
    near = keys_within(window, grid)
    if keys == "window":
        return near
    if keys == "others":
        return near & ~torch.eye(len(near), dtype=torch.bool)
    order = random_draws(grid, seed)
    if keys == "far":
        # the draws decide between equals only: distances are whole or differ by more than this
        order = 1e-3 * order - _distance(window, grid)
    ranks = order.argsort(dim=1).argsort(dim=1)
    return ranks < near.sum(dim=1, keepdim=True)


def random_draws(grid: Grid, seed: int = 0) -> Tensor:
    """Uniform in [0, 1) for every query and key, float32 [queries, keys]."""
    tokens = grid.tubelets * grid.rows * grid.columns
    return torch.rand((tokens, tokens), generator=torch.Generator().manual_seed(seed))


def _distance(window: WindowSpec, grid: Grid) -> Tensor:
    if window.temporal is None:
        return spatial_distance(grid)
    if window.spatial is None:
        return temporal_distance(grid)
    return torch.hypot(spatial_distance(grid), temporal_distance(grid))
