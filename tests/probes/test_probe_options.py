"""Options of groups, folds and angles: definitions that a reader can check by hand."""

import numpy as np
import pytest
from movie_data import plausibility_spec
from probe_data import design, features
from pydantic import ValidationError

from pez.probes.run import run_probe
from pez.recipes.groupings import (
    group_ids,
    image_centre,
    nearest_point,
    probe_groups,
    spatial_sector,
)
from pez.recipes.spec import ProbeSpec, RidgeSolver
from pez.recipes.splits import inner_split, outer_splits
from pez.recipes.targets import probe_targets, target_values
from pez.scores.regression import fold_metrics

LABELS = design(8, 7, 7)


def spec(**changes) -> ProbeSpec:
    known = {
        "dataset": "velocity", "target": "direction_angle", "capture": "resid_post",
        "pooling": "mean", "grouping": "condition", "normalisation": "zscore", "solver": "here",
    }  # fmt: skip
    return ProbeSpec.model_validate(known | changes)


def test_sectors_begin_where_they_are_told_to_in_the_image():
    inside = np.radians([-180, -109, -107, -37, -35, 35, 37, 107, 109, 179])  # y down
    starts = np.stack([np.cos(inside), -np.sin(inside)], axis=1)  # y up
    assert spatial_sector(starts, -180).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    np.testing.assert_array_equal(spatial_sector(starts, 180), spatial_sector(starts, -180))
    quarter = spatial_sector(starts, 10)  # 10, 82, 154, 226 = -134, 298 = -62
    assert quarter.tolist() == [2, 3, 3, 4, 4, 0, 0, 1, 1, 2]


def test_the_nearest_point_scales_with_the_image():
    labels = LABELS.assign(start_x_px=LABELS.start_x_px * 2, start_y_px=LABELS.start_y_px * 2)
    assert image_centre(LABELS) == pytest.approx(128, abs=1e-9)
    assert image_centre(labels) == pytest.approx(256, abs=1e-9)
    points = np.array([(60, 70), (200, 60), (70, 180), (250, 250), (120, 140)], dtype=float)
    assert nearest_point(points, 128).tolist() == [0, 1, 2, 3, 4]
    of_both = [
        group_ids(table, "pixel_region", 0, pixel_regions="nearest_point")
        for table in (LABELS, labels)
    ]
    np.testing.assert_array_equal(*of_both)
    assert of_both[0].max() == 4


def test_restarts_reach_the_clusters():
    once = probe_groups(LABELS, spec(grouping="spatial_cluster", kmeans_restarts=1, seed=3))
    often = probe_groups(LABELS, spec(grouping="spatial_cluster", kmeans_restarts=20, seed=3))
    starts = LABELS[["start_x_px", "start_y_px"]].to_numpy()

    def spread(groups: np.ndarray) -> float:
        parts = [starts[groups == group] for group in range(5)]
        return sum(((part - part.mean(axis=0)) ** 2).sum() for part in parts)

    assert spread(often) < spread(once)


@pytest.mark.parametrize("axis", ["world", "image"])
@pytest.mark.parametrize("cut", [0.0, -180.0, 30.0, -200.0])
def test_an_angle_is_judged_right_under_every_axis_and_cut(axis, cut):
    labels = LABELS.assign(direction_rad=LABELS.direction_rad + 1e-7)  # rounding on either side
    labels.loc[::2, "direction_rad"] -= 2e-7
    found = probe_targets(labels, spec(angle_axis=axis, angle_cut_deg=cut))
    degrees = np.degrees(found[:, 0])
    assert (degrees >= cut - 0.1).all() and (degrees < cut + 359.9).all()
    sign = 1 if axis == "world" else -1
    world = np.exp(1j * sign * found[:, 0])
    np.testing.assert_allclose(world, np.exp(1j * labels.direction_rad), atol=1e-5)
    for error, close in ((14.9, 1.0), (-14.9, 1.0), (15.1, 0.0), (350.0, 1.0)):
        metrics = fold_metrics(found, found + np.radians(error), "wrapped")
        assert metrics["circular_mae_deg"] == pytest.approx(min(abs(error), abs(360 - error)))
        assert metrics["accuracy_within_15_deg"] == close


def test_the_defaults_are_the_worlds_angle_from_zero():
    np.testing.assert_array_equal(
        probe_targets(LABELS, spec()), target_values(LABELS, "direction_angle")
    )


def test_a_fold_seed_shuffles_groups_in_both_splits():
    groups = probe_groups(LABELS, spec())

    def folds(seed: int | None) -> tuple[np.ndarray, ...]:
        probe = spec(fold_seed=seed)
        outer = outer_splits(groups, "p", probe)
        assert sum(split.held_out for split in outer).tolist() == [1] * len(LABELS)
        inner = inner_split(outer[0], groups, "p", probe)
        assert not set(groups[inner.train]) & set(groups[inner.held_out])
        return outer[0].held_out, inner.held_out

    for first, second in zip(folds(1), folds(1), strict=True):
        np.testing.assert_array_equal(first, second)
    for first, second in zip(folds(1), folds(2), strict=True):
        assert (first != second).any()
    assert (folds(None)[0] != folds(1)[0]).any()


def test_a_shared_map_needs_patches_and_a_squared_error():
    with pytest.raises(ValidationError, match=r"pooling that keeps patches \(temporal_last_patch"):
        spec(patch_map="shared")
    assert spec(patch_map="shared", pooling="temporal_diff_patch").patch_map == "shared"
    with pytest.raises(ValidationError, match="plausibility has a cross-entropy"):
        plausibility_spec(patch_map="shared", pooling="temporal_last_patch")


def test_labels_of_other_clips_leave_nothing_to_read() -> None:
    """The control `shuffled` for balls: targets are dealt out anew over all clips."""
    labels = design(8, 7, 7)
    inputs = features(labels, 24, seed=0, noise=0.1)
    spec = {
        "dataset": "velocity", "target": "speed", "capture": "resid_post", "pooling": "mean",
        "grouping": "condition", "normalisation": "zscore", "solver": "ridge",
        "selections": ["nested"], "fold_seed": 1,
    }  # fmt: skip
    solver = RidgeSolver(method="ridge", alphas=(1.0, 100.0))

    def r2(**changes: object) -> float:
        probe = ProbeSpec.model_validate(spec | changes)
        results, predictions = run_probe("p", probe, solver, lambda _: inputs, 1, labels, "cpu")
        known = predictions.set_index("clip_id").loc[labels["clip_id"], "target"].to_numpy()
        assert sorted(known) == sorted(labels["speed_m_s"])
        return float(results.loc[results["metric"] == "r2", "value"].mean())

    assert r2() > 0.95
    assert r2(labels_seed=3) < 0.1
    assert r2(labels_seed=3) != r2(labels_seed=4)
