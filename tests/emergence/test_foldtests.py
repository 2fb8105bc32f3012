"""Tests over folds, on folds that can be counted by hand."""

import itertools

import numpy as np
import pytest

from pez.emergence.foldtests import best_over, layers_above, paired, unpaired

FOLDS = np.array([0.1, 0.3, 0.2, 0.4, -0.05])


def test_p_is_the_share_of_sign_patterns_that_reach_the_sum() -> None:
    patterns = itertools.product((1, -1), repeat=5)
    reached = [np.dot(signs, FOLDS) >= FOLDS.sum() - 1e-12 for signs in patterns]
    test = paired(FOLDS)
    assert test.p == np.mean(reached) == 2 / 32  # as it is, and with the last fold turned
    assert (test.estimate, test.verdict, test.holds) == (pytest.approx(0.19), "no", False)
    assert test.spread == pytest.approx(FOLDS.std(ddof=1))
    assert paired(np.abs(FOLDS)).p == 1 / 32
    assert paired(np.abs(FOLDS)).verdict == "yes"


def test_the_interval_holds_what_the_test_would_not_refuse() -> None:
    low, high = paired(FOLDS).interval
    assert (low, high) == pytest.approx((-0.05, 0.4))  # of five folds: the range
    random = np.random.default_rng(0)
    for folds in (5, 6, 9, 12):
        values = random.normal(size=folds)
        low, high = paired(values).interval
        assert paired(values - low + 1e-6).holds and not paired(values - low - 1e-6).holds
        assert paired(high - values + 1e-6).holds and not paired(high - values - 1e-6).holds


def test_the_interval_covers_the_mean_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    for folds, coverage in ((5, 1 - 2 / 32), (8, 1 - 24 / 256)):
        intervals = [paired(random.normal(0.3, 1, folds)).interval for _ in range(2000)]
        covered = np.mean([low <= 0.3 <= high for low, high in intervals])
        assert covered == pytest.approx(coverage, abs=0.015)


@pytest.mark.parametrize("folds", [0, 1, 2, 3, 4])
def test_few_folds_leave_everything_undecided(folds: int) -> None:
    test = paired(np.full(folds, 5.0))
    assert (test.verdict, test.holds, test.interval, test.folds) == ("undecided", None, None, folds)
    assert np.isnan(test.p)
    assert test.estimate == 5.0 or folds == 0
    curve = np.r_[np.zeros((4, folds)), np.ones((4, folds))]
    rise = best_over(curve, 0)
    assert rise.verdict == "undecided"
    assert rise.estimate == 1.0 or folds < 2
    assert layers_above(curve) is None
    assert unpaired(0.3).verdict == "undecided"


def test_degenerate_folds_are_left_out() -> None:
    values = np.r_[FOLDS, np.nan]
    assert paired(values) == paired(FOLDS)
    scores = np.random.default_rng(2).normal(size=(6, 6))
    scores[2:, 3] = np.nan
    assert best_over(scores, 0) == best_over(np.delete(scores, 3, axis=1), 0)
    with_gap = np.insert(np.delete(scores, 3, axis=1), 4, np.nan, axis=0)
    assert best_over(with_gap, 0) == best_over(scores, 0)
    assert layers_above(with_gap).tolist()[4] is False


def test_what_is_not_measured_is_undecided() -> None:
    scores = np.random.default_rng(3).normal(size=(6, 5))
    scores[0] = np.nan
    assert best_over(scores, 0).verdict == "undecided"
    assert np.isnan(best_over(np.full((6, 5), np.nan), 0).estimate)


def test_the_peak_of_a_fold_is_picked_on_the_others() -> None:
    scores = np.zeros((3, 5))
    scores[1] = [9, 0, 0, 0, 0]  # best on all folds, but only for one of them
    scores[2] = [0, 1, 1, 1, 1]
    assert best_over(scores, 0).estimate == 0  # fold 0 is read at layer 2, the others at layer 1


def test_equal_layers_and_rounding_are_no_rise() -> None:
    scores = np.full((12, 5), 0.4) + np.linspace(-0.1, 0.1, 5)
    assert best_over(scores, 0).p == 1
    scores[5] += 1e-15
    assert best_over(scores, 0).p == 1
    assert paired(np.full(5, 1e-15)).p == 1
    assert not layers_above(scores - scores).any()


def test_layers_behind_in_every_fold_hide_nothing() -> None:
    gaps = np.array([[-0.9, -0.8, -0.7, -0.9, -0.8], [0.1, 0.12, 0.09, 0.1, 0.11]])
    assert layers_above(gaps).tolist() == [False, True]
    scores = np.r_[gaps, np.zeros((1, 5))]
    assert best_over(scores, 2).p == 1 / 32
    assert best_over(scores[[0, 2]], 1).p == 1


def test_many_folds_are_tested_on_a_fixed_part_of_the_patterns() -> None:
    values = np.random.default_rng(4).normal(0.5, 1, 20)
    test = paired(values)
    assert test == paired(values)
    sign_flips = np.random.default_rng(5).choice([-1, 1], (100_000, 20))
    expected = (sign_flips @ values >= values.sum()).mean()
    assert test.p == pytest.approx(expected, abs=0.01)
    low, high = test.interval
    assert low < values.mean() < high
    wide = np.random.default_rng(6).normal(0.5, 1, (2, 13))  # may draw the pattern that turns none
    assert np.isfinite(paired(wide[0]).interval).all()
