"""Windows of keys: the counts of the paper's table, and what stands beside them."""

import pytest
import torch

from pez.encoders.family import Grid
from pez.inside.ablation.spec import WindowSpec
from pez.inside.ablation.windows import (
    keys_within,
    removed_keys,
    spatial_distance,
    temporal_distance,
)


def window_of(
    spatial: int | None = None, temporal: int | None = None, joined: str = "union"
) -> WindowSpec:
    return WindowSpec.model_validate({"spatial": spatial, "temporal": temporal, "joined": joined})


GRID = Grid(8, 16, 16)
SMALL = Grid(3, 4, 5)


@pytest.mark.parametrize(
    ("grid", "window", "removed", "empty"),
    [
        (GRID, window_of(spatial=1), 1.9, 0),
        (GRID, window_of(spatial=3), 9.6, 0),
        (GRID, window_of(spatial=7), 38.8, 0),
        (GRID, window_of(spatial=13), 86.1, 9.4),
        (GRID, window_of(temporal=1), 34.4, 0),
        (GRID, window_of(temporal=3), 68.8, 0),
        (GRID, window_of(temporal=5), 90.6, 50),
        (GRID, window_of(3, 1), 40.7, 0),
        (GRID, window_of(13, 6), 99.6, 77.3),
        (GRID, window_of(3, 1, "intersection"), 3.3, 0),
        (GRID, window_of(13, 6, "intersection"), 83.4, 7.0),
        (Grid(8, 14, 14), window_of(spatial=11), 83.5, 6.1),
        (Grid(8, 14, 14), window_of(9, 4), 93.9, 25),
    ],
)
def test_shares_of_keys_removed_and_of_queries_left_without_any(
    grid: Grid, window: WindowSpec, removed: float, empty: float
) -> None:
    """Per cent, counted independently of this code."""
    near = keys_within(window, grid)
    assert 100 * near.float().mean().item() == pytest.approx(removed, abs=0.051)
    assert 100 * near.all(dim=1).float().mean().item() == pytest.approx(empty, abs=0.051)


def test_distances_follow_the_order_of_tokens() -> None:
    def token(tubelet: int, row: int, column: int) -> int:
        return (tubelet * SMALL.rows + row) * SMALL.columns + column

    here, there = token(0, 0, 1), token(2, 3, 5 - 1)
    assert spatial_distance(SMALL)[here, there] == pytest.approx((3**2 + 3**2) ** 0.5)
    assert temporal_distance(SMALL)[here, there] == 2


@pytest.mark.parametrize("keys", ["random", "far"])
@pytest.mark.parametrize("window", [window_of(spatial=1), window_of(temporal=1), window_of(2, 0)])
def test_as_many_others_are_taken_from_every_query(window: WindowSpec, keys: str) -> None:
    near = removed_keys(window, "window", SMALL)
    others = removed_keys(window, keys, SMALL)
    assert torch.equal(near.sum(dim=1), others.sum(dim=1))
    assert not torch.equal(near, others)


def test_the_far_end_is_the_far_end() -> None:
    window = window_of(spatial=1)
    far, distance = removed_keys(window, "far", SMALL), spatial_distance(SMALL)
    kept = distance.masked_fill(far, -1).amax(dim=1)
    assert (distance.masked_fill(~far, 99).amin(dim=1) >= kept - 1e-5).all()


def test_random_keys_are_drawn_for_every_query_and_by_seed() -> None:
    window = window_of(temporal=0)
    first, again, other = (removed_keys(window, "random", SMALL, seed) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert len(torch.unique(first, dim=0)) == len(first)


def test_all_but_the_query_itself() -> None:
    near, others = (
        removed_keys(window_of(spatial=1), keys, SMALL) for keys in ("window", "others")
    )
    assert others.diagonal().sum() == 0
    assert torch.equal(near.sum(dim=1) - 1, others.sum(dim=1))


def test_names() -> None:
    windows = (
        window_of(7),
        window_of(temporal=3),
        window_of(3, 1),
        window_of(3, 1, "intersection"),
    )
    assert [window.name for window in windows] == ["s7", "t3", "s3_or_t1", "s3_and_t1"]
