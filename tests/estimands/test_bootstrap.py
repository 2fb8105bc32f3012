"""Weights, scores under weights, intervals, and the table of estimands of one curve."""

import numpy as np
import pytest

from estimands.planted_scores import CLIPS, CONDITIONS, curves, draw
from pez.estimands.bootstrap import bootstrap_weights, weighted_mean, weighted_r2
from pez.estimands.intervals import percentile
from pez.estimands.registry import ESTIMANDS, estimate
from pez.scores.regression import r2

GROUPS = np.array([3, 3, 3, 9, 9, 5])


@pytest.mark.parametrize("within", [False, True])
def test_a_draw_is_of_whole_conditions(within: bool) -> None:
    weights = bootstrap_weights(GROUPS, 500, seed=1, within=within)
    assert weights.shape == (500, 6) and weights.dtype == np.float64
    sizes = {3: 3, 9: 2, 5: 1}
    times = np.stack([weights[:, name == GROUPS].sum(axis=1) / sizes[name] for name in sizes])
    assert np.array_equal(times, np.round(times))
    assert (times.sum(axis=0) == 2).all()
    alike = all((np.ptp(weights[:, name == GROUPS], axis=1) == 0).all() for name in sizes)
    assert alike is not within


def test_draws_follow_the_seed() -> None:
    one, same, other = (bootstrap_weights(GROUPS, 20, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_weighted_r2_is_that_of_repeated_clips() -> None:
    random = np.random.default_rng(0)
    targets = random.normal(5, 2, (40, 2))
    predictions = targets + random.normal(0, 1, (3, 40, 2))
    weights = bootstrap_weights(np.arange(40) // 4, 10, seed=0, within=True)
    found = weighted_r2(targets, predictions, weights)
    assert found.shape == (10, 3)
    for number, row in enumerate(weights):
        taken = np.repeat(np.arange(40), row.astype(int))
        for state in range(3):
            assert found[number, state] == pytest.approx(
                r2(targets[taken], predictions[state][taken])
            )


def test_a_draw_without_spread_has_no_r2() -> None:
    targets = np.array([[1.0], [1.0], [4.0]])
    weights = np.array([[1.0, 2.0, 0.0], [1.0, 1.0, 1.0]])
    found = weighted_r2(targets, targets[None], weights)
    assert np.isnan(found[0]).all() and found[1] == pytest.approx(1)


def test_weighted_mean_is_that_of_repeated_pairs() -> None:
    values = np.array([[0.0, 1.0, 0.5], [1.0, 1.0, 0.0]])
    found = weighted_mean(values, np.array([[1.0, 1.0, 1.0], [0.0, 3.0, 0.0]]))
    assert found == pytest.approx(np.array([[0.5, 2 / 3], [1.0, 1.0]]))


def test_percentiles_pass_over_missing_draws() -> None:
    draws = np.random.default_rng(0).normal(size=(100, 3))
    draws[::2, 1] = np.nan
    draws[:, 2] = np.nan
    low, high = percentile(draws)
    assert low[0] == pytest.approx(np.quantile(draws[:, 0], 0.05))
    assert high[1] == pytest.approx(np.quantile(draws[1::2, 1], 0.95))
    assert np.isnan(low[2]) and np.isnan(high[2])


def test_every_estimand_of_one_curve() -> None:
    truth = np.r_[np.full(4, 0.2), np.full(9, 0.85)]
    planted = draw(np.random.default_rng(0), truth, condition=0.3, shared=0.8)
    assert len(planted[0]) == CONDITIONS * CLIPS
    scores, draws, folds = curves(*planted, 200, seed=0)
    found = estimate(scores, draws, folds).intervals()
    assert set(found) == {*ESTIMANDS, "late_decline"}
    assert set(estimate(scores, draws).intervals()) == set(ESTIMANDS)
    assert found["step"] == (4, 4, 4, 0)
    assert found["first"].value == scores[0]
    assert found["rise"].low < 0.65 < found["rise"].high
    nothing = estimate(scores * 0.05, draws * 0.05).intervals()
    assert np.isnan(nothing["step"].value) and nothing["step"].none_share == 1
    assert np.isnan(nothing["step"].low)
