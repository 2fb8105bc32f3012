"""Tasks read from planted features: what is there is read, what is not is chance."""

import numpy as np
import pandas as pd
import pytest
import torch

from pez.audit.folds import make_plan
from pez.inside.order.tasks import Order, Sectors, direction_task, place_task
from pez.inside.tasks.reading import read_task, twice

CLIPS, WIDTH = 80, 12
ALPHAS = (1e-2, 1.0, 1e2, 1e4)


@pytest.fixture(scope="module")
def labels() -> pd.DataFrame:
    direction, magnitude, _ = (index.ravel() for index in np.indices((8, 5, 2)))
    angle = 2 * np.pi * np.arange(CLIPS) / CLIPS + 0.01
    starts = {"start_x_m": np.cos(angle), "start_y_m": np.sin(angle)}
    return pd.DataFrame(
        {
            "direction_index": direction,
            "direction_rad": 2 * np.pi * direction / 8,
            "magnitude_index": magnitude,
            **starts,
        }
    ).sample(frac=1, random_state=0, ignore_index=True)


@pytest.fixture(scope="module")
def folds(labels: pd.DataFrame):
    return make_plan(labels, "condition", 42, 5).folds


def noise(states: int, rows: int) -> torch.Tensor:
    drawn = np.random.default_rng(0).normal(size=(states, rows, WIDTH))
    return torch.from_numpy(drawn).float()


def read(task, states, folds, permutations: int = 25):
    return read_task(task, states, folds, ALPHAS, permutations, seed=1)


def test_both_versions_of_a_clip_are_on_one_side(folds, labels) -> None:
    few = make_plan(labels, "condition", 42, 5, clips=30).folds
    for fold in (twice(one, CLIPS) for one in [*folds, *few]):
        for rows in (fold.held_out, fold.seen, fold.train, fold.train_inner):
            if rows is not None:
                assert set(rows % CLIPS) == set(rows[: len(rows) // 2])
                assert len(rows) == 2 * len(set(rows % CLIPS))
    assert len(twice(few[0], CLIPS).train) == 60


def test_the_same_features_in_both_orders_are_exactly_chance(folds) -> None:
    once = noise(2, CLIPS)
    both = torch.cat([once, once], dim=1)
    both[1, CLIPS:] *= 1 + 1e-6  # another order of summation
    found = read(Order(np.ones(CLIPS)), both, [twice(fold, CLIPS) for fold in folds])
    assert (found.right == 0.5).all()
    assert (found.permuted == 0.5).all()


def test_planted_order_is_read_where_it_is_and_nowhere_else(folds) -> None:
    once = noise(3, CLIPS)
    both = torch.cat([once, once], dim=1)
    both[1, CLIPS:, 0] += 4.0  # another order moves a feature
    both[2, :CLIPS, 3] += 4.0
    found = read(Order(np.ones(CLIPS)), both, [twice(fold, CLIPS) for fold in folds])
    accuracy = found.right.mean(axis=1)
    assert accuracy[0] == 0.5 and (accuracy[1:] > 0.9).all()
    assert np.abs(found.permuted.mean(axis=0) - 0.5).max() < 0.1


def test_planted_directions_are_read_and_dealt_labels_are_not(folds, labels) -> None:
    task = direction_task(labels)
    angle = labels["direction_rad"].to_numpy()
    states = noise(2, CLIPS)
    states[1, :, 0] = torch.from_numpy(np.cos(angle))
    states[1, :, 1] = torch.from_numpy(np.sin(angle))
    found = read(task, states, folds)
    assert task.chance == pytest.approx(1 / 8)
    assert found.right[0].mean() < 0.3 and found.right[1].mean() > 0.9


def test_what_is_not_there_is_told_by_chance_and_no_less_often(folds, labels) -> None:
    """Classes that are held out are rarer among the training clips: no probe may learn of it."""
    task = direction_task(labels)
    nothing = read(task, noise(1, CLIPS)[..., :2], folds, 200)
    assert nothing.permuted.mean() == pytest.approx(1 / 8, abs=0.015)


def test_sectors_are_eight_and_even(labels) -> None:
    task = place_task(labels)
    np.testing.assert_array_equal(np.bincount(task.own), np.full(8, CLIPS // 8))
    east = (labels["start_x_m"] > np.cos(np.pi / 4)) & (labels["start_y_m"] > 0)
    assert (task.own[east] == 0).all()
    assert (direction_task(labels).own == labels["direction_index"]).all()
    assert (task.right(task.targets[None]) == 1).all()


def test_predictions_of_neither_count_one_half() -> None:
    task = Order(np.array([1.0, 1.0, -1.0]))
    predictions = np.array([[1.0, 1e-4, 1.0, -0.5, -1e-4, 0.9]])[..., None]
    np.testing.assert_array_equal(task.right(predictions), [[1.0, 0.5, 0.5]])
    both = Sectors.of(np.array([[1.0, 0.1], [-1.0, 0.1]]), 4, begin=-0.5)
    found = both.right(np.array([[[0.9, 0.2], [0.8, 0.2]]]))
    np.testing.assert_array_equal(found, [[1.0, 0.0]])


def test_dealt_labels_swap_versions_within_clips() -> None:
    dealt = Order(np.ones(200)).dealt(np.random.default_rng(0))
    targets = dealt.targets[:, 0]
    np.testing.assert_array_equal(targets[:200], -targets[200:])
    assert 60 < (targets[:200] > 0).sum() < 140
