"""Targets, groupings, splits and metrics: definitions that a reader can check by hand."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from probe_data import design

from pez.clips.spec import ClipsConfig
from pez.datasets.sources.balls import Balls, BallsEntry
from pez.recipes.groupings import group_ids, pixel_region, spatial_sector
from pez.recipes.kinds import TARGETS, least_groups
from pez.recipes.spec import GroupingName, ProbeSpec, TargetName
from pez.recipes.splits import inner_split, outer_splits
from pez.recipes.targets import target_values
from pez.runtime.errors import ArtifactError, ConfigError
from pez.scores.regression import angles, circular_errors_deg, fold_metrics, is_constant, r2

LABELS = design(8, 7, 7)
ENTRY = BallsEntry(source="balls", motion="velocity", magnitudes=range(1, 8))
MOST = Balls("velocity", ENTRY, ClipsConfig(), "out").groupings
GROUPINGS = [name for name in get_args(GroupingName) if name != "scene"]


def spec(**changes) -> ProbeSpec:
    known = {
        "dataset": "velocity", "target": "speed", "capture": "resid_post", "pooling": "mean",
        "grouping": "start_index", "normalisation": "zscore", "solver": "trainable",
    }  # fmt: skip
    return ProbeSpec.model_validate(known | changes)


def test_every_target_has_as_many_columns_as_outputs_and_the_values_of_its_labels():
    assert set(TARGETS) == set(get_args(TargetName))
    of_balls = {name: info for name, info in TARGETS.items() if name != "plausibility"}
    for target, info in of_balls.items():
        assert target_values(LABELS, target).shape == (len(LABELS), len(info.outputs))
    both = target_values(LABELS, "velocity_xy")
    np.testing.assert_array_equal(both[:, :1], target_values(LABELS, "velocity_x"))
    np.testing.assert_array_equal(both[:, 1:], target_values(LABELS, "velocity_y"))
    sincos = target_values(LABELS, "direction_sincos")
    np.testing.assert_allclose(sincos[LABELS.direction_index == 2], [[1, 0]] * 49, atol=1e-12)


def test_a_rounding_error_below_a_full_turn_is_not_a_full_turn():
    labels = pd.DataFrame({"direction_rad": [2 * np.pi - 1e-7, 0.0, np.pi]})
    found = target_values(labels, "direction_angle")[:, 0]
    np.testing.assert_allclose(found, [0, 0, np.pi], atol=1e-6)


def test_missing_and_broken_labels_are_named():
    with pytest.raises(ArtifactError, match="vy_px"):
        target_values(LABELS.drop(columns="vy_px"), "velocity_xy")
    with pytest.raises(ArtifactError, match="speed_m_s"):
        target_values(LABELS.assign(speed_m_s=np.nan), "speed")


def test_the_three_codes_of_a_direction_name_the_same_angle():
    expected = LABELS["direction_rad"].to_numpy()
    for target in ("direction_angle", "direction_sincos", "direction_vxy"):
        angle = TARGETS[target].angle
        found = angles(target_values(LABELS, target), angle)
        assert circular_errors_deg(expected, found).max() < 1e-6


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_groups_are_numbered_without_gaps_and_within_the_bound(grouping):
    groups = group_ids(LABELS, grouping, 42)
    assert groups.shape == (392,)
    assert set(groups) == set(range(groups.max() + 1))
    assert groups.max() + 1 <= MOST[grouping]


def test_groups_by_design_have_the_size_of_the_design():
    sizes = {"start_index": 7, "condition": 56, "video": 392, "direction": 8, "magnitude": 7}
    for grouping, count in sizes.items():
        assert MOST[grouping] == count
        assert group_ids(LABELS, grouping, 42).max() + 1 == count
    condition = group_ids(LABELS, "condition", 42)
    assert (
        LABELS.groupby(condition)[["direction_index", "magnitude_index"]].nunique().max().max() == 1
    )
    crossed = group_ids(LABELS, "direction_spatial_sector", 42)
    assert crossed.max() + 1 == 40
    assert LABELS.groupby(crossed)["direction_index"].nunique().max() == 1


def test_sectors_turn_counter_clockwise_from_the_x_axis():
    middle = np.radians([36, 108, 180, 252, 324])
    starts = np.stack([np.cos(middle), np.sin(middle)], axis=1)
    assert spatial_sector(starts).tolist() == [0, 1, 2, 3, 4]
    assert spatial_sector(np.array([[1.0, 0.0], [1.0, -1e-18]])).tolist() == [0, 4]


def test_the_central_region_is_a_fifth_of_the_start_area():
    grid = np.linspace(-2, 2, 401)
    starts = np.stack(np.meshgrid(grid, grid), axis=2).reshape(-1, 2)
    share = np.bincount(pixel_region(starts)) / len(starts)
    np.testing.assert_allclose(share, 0.2, atol=0.01)


def test_clusters_hold_neighbours_and_depend_on_the_seed_alone():
    groups = group_ids(LABELS, "spatial_cluster", 42)
    np.testing.assert_array_equal(groups, group_ids(LABELS, "spatial_cluster", 42))
    starts = LABELS[["start_x_px", "start_y_px"]].to_numpy()
    centres = np.stack([starts[groups == group].mean(axis=0) for group in range(5)])
    nearest = ((starts[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(nearest, groups)


def test_no_group_is_on_both_sides_and_every_clip_is_held_out_once():
    for grouping in GROUPINGS:
        groups = group_ids(LABELS, grouping, 42)
        probe = spec(grouping=grouping)
        outer = outer_splits(groups, "p", probe)
        assert sum(split.held_out for split in outer).tolist() == [1] * len(LABELS)
        for split in outer:
            inner = inner_split(split, groups, "p", probe)
            sides = (split.held_out, inner.train, inner.held_out)
            assert sum(sides).tolist() == [1] * len(LABELS)
            owners = [set(groups[rows]) for rows in sides]
            assert not (owners[0] & owners[1] or owners[0] & owners[2] or owners[1] & owners[2])


def test_more_folds_than_groups_names_probe_grouping_and_counts():
    groups = group_ids(LABELS, "start_index", 42)
    with pytest.raises(ConfigError, match=r"probe speedy: 8 folds.*'start_index' makes 7"):
        outer_splits(groups, "speedy", spec(folds=8))


def test_nested_selection_needs_two_training_groups():
    labels = design(2, 1, 9)
    probe = spec(grouping="direction", folds=2)
    assert least_groups(2, probe.selections) == 3
    with pytest.raises(ConfigError, match="need 3 groups"):
        outer_splits(group_ids(labels, "direction", 0), "p", probe)
    outer = outer_splits(np.array([0, 0, 0, 0, 1, 2]), "p", spec(folds=2))
    with pytest.raises(ConfigError, match="trains on 1 group"):
        [inner_split(split, np.array([0, 0, 0, 0, 1, 2]), "p", spec(folds=2)) for split in outer]


def test_r2_pools_the_outputs():
    target = np.array([[0.0, 0.0], [2.0, 20.0]])
    prediction = np.array([[0.0, 0.0], [2.0, 10.0]])
    assert r2(target, prediction) == pytest.approx(1 - 100 / 202)
    assert np.isnan(r2(np.ones((3, 1)), np.zeros((3, 1))))


def test_direction_metrics_cross_the_wrap():
    target = np.radians([[350.0], [10.0], [180.0], [90.0]])
    prediction = np.radians([[5.0], [-10.0], [200.0], [90.0]])
    found = fold_metrics(target, prediction, "wrapped")
    assert found["circular_mae_deg"] == pytest.approx((15 + 20 + 20 + 0) / 4)
    assert fold_metrics(target, target + np.radians(14.9), "wrapped")["accuracy_within_15_deg"] == 1
    assert fold_metrics(target, target + np.radians(15.1), "wrapped")["accuracy_within_15_deg"] == 0
    assert set(fold_metrics(target, prediction, None)) == {"r2", "mae"}


def test_physics_noise_counts_as_constant_and_real_variation_does_not():
    spread = np.array([2.0])
    noise = np.random.default_rng(0).normal(size=(20, 1))
    assert is_constant(3 + 1e-4 * noise, spread)
    assert not is_constant(3 + 1e-1 * noise, spread)
    assert not is_constant(np.concatenate([0 * noise, noise], axis=1), np.ones(2))
