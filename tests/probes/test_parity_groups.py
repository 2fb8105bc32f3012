"""Groups, folds and directions of the third party, from the same labels."""

import numpy as np
import pytest
from parity_data import DATASETS, GROUPS, LABELS, third_party_spec

from pez.recipes.groupings import probe_groups
from pez.recipes.splits import outer_splits
from pez.recipes.targets import probe_targets

GROUPINGS = [name for name in GROUPS["velocity"].columns if name != "clip_id"]


def same_partition(first: np.ndarray, second: np.ndarray) -> bool:
    pairs = set(zip(first.tolist(), second.tolist(), strict=True))
    return len(pairs) == len(set(first.tolist())) == len(set(second.tolist()))


def test_all_ten_groupings_are_there():
    assert len(GROUPINGS) == 10
    for dataset in DATASETS:
        assert (GROUPS[dataset]["clip_id"] == LABELS[dataset]["clip_id"]).all()


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("grouping", GROUPINGS)
def test_groups_and_folds_are_the_third_partys(dataset, grouping):
    spec = third_party_spec(dataset=dataset, grouping=grouping)
    theirs = GROUPS[dataset][grouping].to_numpy()
    ours = probe_groups(LABELS[dataset], spec)
    assert same_partition(ours, theirs)
    for mine, other in zip(
        outer_splits(ours, "p", spec), outer_splits(theirs, "p", spec), strict=True
    ):
        np.testing.assert_array_equal(mine.held_out, other.held_out)


@pytest.mark.parametrize(
    ("grouping", "option"),
    [
        ("spatial_sector", {"sector_start_deg": 0}),
        ("direction_spatial_sector", {"sector_start_deg": 0}),
        ("magnitude_spatial_sector", {"sector_start_deg": 0}),
        ("pixel_region", {"pixel_regions": "central_square"}),
    ],
)
def test_our_own_options_make_other_groups(grouping, option):
    ours = probe_groups(LABELS["velocity"], third_party_spec(grouping=grouping, **option))
    assert not same_partition(ours, GROUPS["velocity"][grouping].to_numpy())


def test_the_angle_is_that_of_the_velocity_in_the_image():
    labels = LABELS["velocity"]
    expected = np.arctan2(labels["vy_px"], labels["vx_px"])
    found = probe_targets(labels, third_party_spec(target="direction_angle"))[:, 0]
    leftwards = np.isclose(np.abs(expected), np.pi)  # there the sign of a rounding error decides
    np.testing.assert_allclose(found[~leftwards], expected[~leftwards], atol=1e-3)
    np.testing.assert_allclose(found[leftwards], -np.pi, atol=2e-3)
    assert leftwards.sum() == 49
