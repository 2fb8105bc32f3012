"""Attention distances against planted answers and against the whole matrix."""

import math

import numpy as np
import pytest
import torch

from pez.encoders.attention import attention_pattern
from pez.encoders.family import Grid
from pez.inside.attention import AttentionDistance
from pez.inside.distances import FIELDS, MEASURES, uniform_values

GRID = Grid(4, 3, 5)
TOKENS, HEAD = 4 * 3 * 5, 8
CPU = torch.device("cpu")


def places(grid):
    """Tubelet, row and column of every token, float64 [N] each, counted out one by one."""
    listed = [
        (tubelet, row, column)
        for tubelet in range(grid.tubelets)
        for row in range(grid.rows)
        for column in range(grid.columns)
    ]
    return np.array(listed, float).T


def dense(pattern, grid):
    """Every measure from the whole matrix, float64 [..., queries, keys] -> [..., measures]."""
    tubelet, row, column = places(grid)
    spatial = np.hypot(row[:, None] - row, column[:, None] - column)
    temporal = np.abs(tubelet[:, None] - tubelet)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(pattern > 0, np.log(pattern), 0)
    own = (pattern * spatial).sum(-1)
    found = {
        "spatial": own,
        "temporal": (pattern * temporal).sum(-1),
        "joint": (pattern * np.sqrt(spatial**2 + temporal**2)).sum(-1),
        "self": np.diagonal(pattern, axis1=-2, axis2=-1),
        "near": (pattern * ((spatial <= 1) & (temporal <= 1))).sum(-1),
        "same_tubelet": (pattern * (temporal == 0)).sum(-1),
        "entropy": -(pattern * logs).sum(-1),
        "spatial_share": own / spatial.mean(-1),
    }
    return np.stack([found[name].mean(-1) for name in MEASURES], axis=-1)


def named(values):
    return dict(zip(MEASURES, np.asarray(values).T, strict=True))


@pytest.mark.parametrize("grid", [GRID, Grid(8, 16, 16), Grid(1, 4, 4)])
def test_without_scores_attention_is_uniform(grid):
    tokens = grid.tubelets * grid.rows * grid.columns
    nothing = torch.zeros(1, tokens, 2, HEAD)
    found = named(AttentionDistance(grid, CPU)(nothing, nothing, 1.0)[0])
    for name, value in uniform_values(grid).items():
        assert found[name] == pytest.approx(value, rel=2e-6, abs=1e-7), name


def test_uniform_values_are_those_of_the_whole_matrix():
    whole = dense(np.full((TOKENS, TOKENS), 1 / TOKENS), GRID)
    assert list(uniform_values(GRID).values()) == pytest.approx(list(whole), rel=1e-12)
    assert list(uniform_values(GRID)) == list(MEASURES)
    assert uniform_values(Grid(8, 16, 16))["spatial"] == pytest.approx(8.33, abs=0.005)
    assert uniform_values(Grid(8, 14, 14))["spatial"] == pytest.approx(7.28, abs=0.005)


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_blocks_of_queries_give_what_the_whole_matrix_gives(scale):
    draws = torch.Generator().manual_seed(0)
    query, key = (scale * torch.randn(3, TOKENS, 2, HEAD, generator=draws) for _ in range(2))
    found = AttentionDistance(GRID, CPU)(query, key, HEAD**-0.5)
    pattern = attention_pattern(
        query.double().transpose(1, 2), key.double().transpose(1, 2), HEAD**-0.5
    )
    assert found.shape == (3, 2, len(MEASURES))
    np.testing.assert_allclose(found, dense(pattern.double().numpy(), GRID), rtol=0, atol=1e-5)


def planted(spatial, temporal):
    """Queries and keys with the scores -spatial Ds - temporal Dt: a query is the number of its
    token, and a key its column of scores."""
    tubelet, row, column = places(GRID)
    scores = -spatial * np.hypot(row[:, None] - row, column[:, None] - column)
    scores -= temporal * np.abs(tubelet[:, None] - tubelet)
    keys = torch.from_numpy(scores.T.copy()).float()
    return torch.eye(TOKENS)[None, :, None], keys[None, :, None]


def test_a_head_that_looks_at_its_own_place_has_no_distance():
    """A sharp score of -c Ds: its own patch in all tubelets, each alike."""
    query, key = planted(spatial=50.0, temporal=0.0)
    found = named(AttentionDistance(GRID, CPU)(query, key, 1.0)[0])
    assert found["spatial"] == pytest.approx(0, abs=1e-6)
    assert found["spatial_share"] == pytest.approx(0, abs=1e-6)
    assert found["temporal"] == pytest.approx(uniform_values(GRID)["temporal"], rel=1e-5)
    assert found["joint"] == pytest.approx(uniform_values(GRID)["temporal"], rel=1e-5)
    assert found["self"] == pytest.approx(1 / GRID.tubelets, rel=1e-5)
    assert found["same_tubelet"] == pytest.approx(1 / GRID.tubelets, rel=1e-5)
    assert found["entropy"] == pytest.approx(math.log(GRID.tubelets), rel=1e-4)


def test_a_head_that_looks_at_its_own_tubelet_has_no_temporal_distance():
    query, key = planted(spatial=0.0, temporal=50.0)
    found = named(AttentionDistance(GRID, CPU)(query, key, 1.0)[0])
    assert found["temporal"] == pytest.approx(0, abs=1e-6)
    assert found["same_tubelet"] == pytest.approx(1, rel=1e-6)
    assert found["spatial"] == pytest.approx(uniform_values(GRID)["spatial"], rel=1e-5)


def test_a_head_that_looks_at_itself_alone():
    query, key = planted(spatial=50.0, temporal=50.0)
    found = named(AttentionDistance(GRID, CPU)(query, key, 1.0)[0])
    assert found["self"] == found["near"] == pytest.approx(1, abs=1e-6)
    assert found["entropy"] == pytest.approx(0, abs=1e-5)


def test_heads_and_clips_are_kept_apart():
    sharp = planted(50.0, 50.0)
    blank = torch.zeros_like(sharp[0])
    query = torch.cat([torch.cat([sharp[0], blank], 2), torch.cat([blank, sharp[0]], 2)])
    key = torch.cat([torch.cat([sharp[1], blank], 2), torch.cat([blank, sharp[1]], 2)])
    spatial = AttentionDistance(GRID, CPU)(query, key, 1.0)[..., FIELDS.index("spatial")]
    uniform = uniform_values(GRID)["spatial"]
    np.testing.assert_allclose(spatial, [[0, uniform], [uniform, 0]], atol=1e-5)


def test_rounded_queries_are_measured_as_they_are():
    draws = torch.Generator().manual_seed(0)
    query, key = (torch.randn(1, TOKENS, 1, HEAD, generator=draws).bfloat16() for _ in range(2))
    measure = AttentionDistance(GRID, CPU)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = measure(query, key, 0.5)
    assert torch.equal(rounded, measure(query.float(), key.float(), 0.5))


def test_fields_are_a_view_of_one_table():
    measure = AttentionDistance(GRID, CPU)
    tubelet, row, column = places(GRID)
    spatial = np.hypot(row[:, None] - row, column[:, None] - column)
    temporal = np.abs(tubelet[:, None] - tubelet)
    patches = GRID.rows * GRID.columns
    for number in range(GRID.tubelets):
        fields = measure._fields_of(number)
        assert fields.untyped_storage().data_ptr() == measure._fields.untyped_storage().data_ptr()
        rows = slice(number * patches, (number + 1) * patches)
        expected = {
            "spatial": spatial,
            "temporal": temporal,
            "joint": np.hypot(spatial, temporal),
            "near": (spatial <= 1) & (temporal <= 1),
        }
        for place, name in enumerate(FIELDS):
            np.testing.assert_allclose(fields[:, place], expected[name][rows], rtol=1e-6)


def test_tokens_of_another_grid_are_refused():
    wrong = torch.zeros(1, TOKENS - 1, 1, HEAD)
    with pytest.raises(ValueError, match="has 60 tokens"):
        AttentionDistance(GRID, CPU)(wrong, wrong, 1.0)
