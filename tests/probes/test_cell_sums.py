"""Statistics per cell: exact unions, merging, files, and what is refused."""

from itertools import permutations

import numpy as np
import pytest
import torch

import pez.solvers.cell_sums as gram
from pez.features.store import Shard
from pez.recipes.splits import Split
from pez.runtime.errors import ArtifactError
from pez.solvers.cell_sums import GramStatistics, accumulate
from pez.solvers.cells import cells_of

CLIPS, WIDTH, OUTPUTS = 90, 7, 2
RNG = np.random.default_rng(0)
# Means far from 0 beside the deviations: raw sums of squares would keep three digits of these.
FEATURES = (RNG.normal(size=(CLIPS, WIDTH)) + 3e4 * RNG.normal(size=WIDTH)).astype(np.float32)
TARGETS = RNG.normal(size=(CLIPS, OUTPUTS))
SOURCE = {"model": "m", "layer": 3, "view": "mean"}


def random_splits(seed: int = 1, count: int = 3) -> list[Split]:
    """Splits of two thirds and a sixth of the clips; the rest are in neither part."""
    side = np.random.default_rng(seed).permuted(np.tile(np.arange(CLIPS) % 6, (count, 1)), axis=1)
    return [Split(row < 4, row == 4) for row in side]


def shards(*numbers: int, sizes=(20, 1, 39, 30), features=FEATURES) -> list[Shard]:
    first = np.cumsum((0, *sizes))
    return [Shard(k, int(first[k]), features[first[k] : first[k + 1]]) for k in numbers]


@pytest.fixture
def cells():
    return cells_of(random_splits())


def test_cells_are_the_fewest_that_make_up_all_splits(cells):
    splits = random_splits()
    for split, train, held_out in zip(splits, cells.train, cells.held_out, strict=True):
        np.testing.assert_array_equal(train[cells.of_clip], split.train)
        np.testing.assert_array_equal(held_out[cells.of_clip], split.held_out)
    sides = {tuple(s.train[clip] + 2 * s.held_out[clip] for s in splits) for clip in range(CLIPS)}
    assert cells.train.shape == cells.held_out.shape == (3, len(sides))


def test_five_folds_with_inner_splits_are_few_cells():
    fold = np.arange(CLIPS) % 5
    outer = [Split(fold != k, fold == k) for k in range(5)]
    inner = [Split((fold != k) & (fold != (k + 1) % 5), fold == (k + 1) % 5) for k in range(5)]
    assert cells_of([*outer, *inner]).train.shape == (10, 5)


@pytest.mark.parametrize("batch", [1, 16, 4096])
def test_unions_of_cells_have_the_moments_of_their_rows(batch, cells, monkeypatch):
    monkeypatch.setattr(gram, "BATCH_CLIPS", batch)
    statistics = accumulate(shards(0, 1, 2, 3), cells, TARGETS, SOURCE)
    joint = np.concatenate([FEATURES.astype(np.float64), TARGETS], axis=1)
    for split, train in zip(random_splits(), cells.train, strict=True):
        count, mean, scatter = statistics.union(train)
        rows = joint[split.train]
        centred = rows - rows.mean(axis=0)
        assert count == split.train.sum()
        np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=1e-14)
        np.testing.assert_allclose(scatter, centred.T @ centred, rtol=1e-10, atol=1e-9)


def test_a_feature_that_is_constant_in_some_cells_has_no_scatter_there(cells):
    features = FEATURES.copy()
    train = random_splits()[0].train
    features[train, 2], features[~train, 2] = 0.1, 1e6 * features[~train, 2]
    statistics = accumulate(shards(0, 1, 2, 3, features=features), cells, TARGETS, SOURCE)
    _, mean, scatter = statistics.union(cells.train[0])
    assert mean[2] == pytest.approx(np.float32(0.1), rel=1e-14)
    assert float(scatter[2, 2]) < 1e-28


def test_the_sizes_of_shards_do_not_change_a_bit(cells, monkeypatch):
    monkeypatch.setattr(gram, "BATCH_CLIPS", 16)
    first = accumulate(shards(0, 1, 2, 3), cells, TARGETS, SOURCE)
    for sizes in ((CLIPS,), (16, 16, 58), (1, 88, 1)):
        other = accumulate(shards(*range(len(sizes)), sizes=sizes), cells, TARGETS, SOURCE)
        assert torch.equal(first.scatter, other.scatter) and torch.equal(first.mean, other.mean)


def test_merged_in_any_order_they_are_those_of_one_pass(cells, tmp_path):
    whole = accumulate(shards(0, 1, 2, 3), cells, TARGETS, SOURCE)
    parts = [(3, 0), (1,), (2,)]  # what three machines took
    for number, part in enumerate(parts):
        statistics = accumulate(shards(*part), cells, TARGETS, SOURCE)
        statistics.write(tmp_path / f"{number}.safetensors")
    for order in permutations(range(3)):
        first, *others = (GramStatistics.read(tmp_path / f"{k}.safetensors") for k in order)
        for other in others:
            first.merge(other)
        assert first.shards == {0, 1, 2, 3} and first.identity == whole.identity
        np.testing.assert_array_equal(first.count, whole.count)
        np.testing.assert_allclose(first.mean, whole.mean, rtol=1e-13)
        np.testing.assert_allclose(first.scatter, whole.scatter, rtol=1e-9, atol=1e-9)


def test_a_file_gives_back_what_was_written(cells, tmp_path):
    written = accumulate(shards(1, 3), cells, TARGETS, SOURCE)
    written.write(tmp_path / "part.safetensors")
    found = GramStatistics.read(tmp_path / "part.safetensors")
    assert (found.identity, found.shards) == (written.identity, {1, 3})
    np.testing.assert_array_equal(found.count, written.count)
    assert torch.equal(found.mean, written.mean) and torch.equal(found.scatter, written.scatter)


def test_what_does_not_belong_together_is_not_merged(cells):
    ours = accumulate(shards(0, 1), cells, TARGETS, SOURCE)
    before = ours.scatter.clone()
    for theirs, complaint in (
        (accumulate(shards(1, 2), cells, TARGETS, SOURCE), r"shard\(s\) 1 are in both"),
        (accumulate(shards(2), cells_of(random_splits(5)), TARGETS, SOURCE), "of splits '"),
        (accumulate(shards(2), cells, TARGETS + 1, SOURCE), "of targets '"),
        (accumulate(shards(2), cells, TARGETS, SOURCE | {"layer": 4}), "of layer 3 and of layer 4"),
        (
            accumulate(shards(2, features=FEATURES[:, 1:]), cells, TARGETS, SOURCE),
            "width 7 and of width 6",
        ),
    ):
        with pytest.raises(ArtifactError, match=complaint):
            ours.merge(theirs)
    assert torch.equal(ours.scatter, before) and ours.shards == {0, 1}


def test_features_that_are_not_finite_or_too_many_are_refused(cells):
    features = FEATURES.copy()
    features[30, 3] = np.inf
    with pytest.raises(ArtifactError, match=r"feature shard 2 \(clip numbers 21 to 59\) holds NaN"):
        accumulate(shards(0, 1, 2, features=features), cells, TARGETS, SOURCE)
    with pytest.raises(ArtifactError, match=r"shard 3 ends with clip number 89.* name 70 clips"):
        accumulate(shards(0, 1, 2, 3), cells, TARGETS[:70], SOURCE)
