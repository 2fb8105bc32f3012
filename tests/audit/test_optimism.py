"""Optimism of selection and the clips a state needs: planted numbers come out."""

import numpy as np
import pandas as pd
import pytest
from synthetic_audit import MODEL, synthetic_scores, with_categories

from pez.audit.clips_by_state import clips_by_state
from pez.audit.optimism import deviation_of_fold, expected_maximum, luck, optimism


@pytest.mark.parametrize(
    ("settings", "expected"), [(1, 0.0), (2, 1 / np.sqrt(np.pi)), (3, 1.5 / np.sqrt(np.pi))]
)
def test_the_expected_maximum_of_few_in_closed_form(settings: int, expected: float) -> None:
    assert expected_maximum(settings) == pytest.approx(expected, abs=2e-3)


def test_the_expected_maximum_of_twenty() -> None:
    """1.8675: Harter 1961, table 1."""
    assert expected_maximum(20) == pytest.approx(1.8675, abs=2e-3)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_correlated_settings_agree_with_simulation(correlation: float) -> None:
    generator = np.random.default_rng(0)
    shared = generator.normal(size=(40_000, 1))
    own = generator.normal(size=(40_000, 20))
    scores = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own
    assert expected_maximum(20, correlation) == pytest.approx(scores.max(axis=1).mean(), abs=0.02)


def test_equal_settings_leave_nothing_to_pick() -> None:
    assert expected_maximum(20, 1.0) == 0


def test_what_is_no_number_of_settings_is_refused() -> None:
    with pytest.raises(ValueError, match="0 settings"):
        expected_maximum(0)


def test_the_deviation_of_a_fold_follows_from_the_interval_of_all() -> None:
    generator = np.random.default_rng(1)
    folds = 0.3 + 0.05 * generator.normal(size=(50_000, 5))
    low, high = np.percentile(folds.mean(axis=1), (5, 95))
    assert deviation_of_fold(low, high, 5) == pytest.approx(0.05, rel=0.03)
    assert list(luck(0.05)["expected"]) == sorted(luck(0.05)["expected"], reverse=True)


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    return synthetic_scores(seeds=1, clips=(60, 120, 200, None), variables=("direction",))


def test_planted_optimism_comes_out_and_falls_with_clips(scores: pd.DataFrame) -> None:
    """Planted: 6 / clips for the trained network, 9 / clips for the untrained one."""
    table = optimism(scores)
    for control, planted in (("none", 6), ("untrained", 9)):
        mean = table[table["control"] == control].groupby("clips")["mean"].mean()
        for clips, number in (("60", 60), ("120", 120), ("200", 200), ("all", 314)):
            assert mean[clips] == pytest.approx(planted / number, abs=2e-3)
    assert set(table["cells"]) == {2 * 4 * 5 * 3 * 2}
    assert (table["low"] < table["mean"]).all()


def test_only_pairs_of_equal_cells_are_compared(scores: pd.DataFrame) -> None:
    lost = scores[~((scores["selection"] == "nested") & (scores["pooling"] == "mean"))]
    assert set(optimism(lost)["cells"]) == {2 * 3 * 5 * 3 * 2}


def test_clips_needed_fall_with_depth_and_are_never_reached_untrained(scores: pd.DataFrame) -> None:
    table = clips_by_state(scores, {"velocity": 314})
    own = table[(table["network"] == MODEL) & (table["selection"] == "nested")].set_index("state")
    assert own.loc[0, "median"] == np.inf
    assert own.loc[0, "reached"] == 0
    assert 60 <= own.loc[8, "median"] < 200
    assert (own["most"] == 314).all()
    assert np.isinf(table[table["control"] == "untrained"]["median"]).all()


def test_texts_as_categories_change_nothing(scores: pd.DataFrame) -> None:
    kept = with_categories(scores)
    pd.testing.assert_frame_equal(
        optimism(kept), optimism(scores), check_dtype=False, check_categorical=False
    )
    pd.testing.assert_frame_equal(
        clips_by_state(kept, {"velocity": 314}),
        clips_by_state(scores, {"velocity": 314}),
        check_dtype=False,
        check_categorical=False,
    )
