"""Order of onsets, gain, clips needed, late decline: known answers."""

import numpy as np
import pytest

from pez.estimands.clips_needed import AT_MOST, MORE_THAN, REACHED, clips_needed
from pez.estimands.gain import gain, gain_onset
from pez.estimands.late_decline import late_decline, pooled_decline
from pez.estimands.order import difference, equivalent, order_interval, p_above, p_at_most

NAN, INF = np.nan, np.inf


def test_what_has_no_onset_comes_last() -> None:
    later = np.array([5.0, NAN, 3.0, NAN])
    earlier = np.array([2.0, 4.0, NAN, NAN])
    assert np.array_equal(difference(later, earlier), [3, INF, -INF, NAN], equal_nan=True)


def test_open_draws_widen_an_interval_at_both_ends() -> None:
    assert order_interval(np.full(100, 4.0)) == (4, 4)
    some = np.r_[np.full(96, 4.0), np.full(4, NAN)]
    assert order_interval(some) == (4, 4)
    many = np.r_[np.full(90, 4.0), np.full(10, NAN)]
    assert order_interval(many) == (-INF, INF)


def test_p_counts_open_and_missing_draws_against_the_claim() -> None:
    draws = np.r_[np.full(97, 2.0), NAN, 0.0, -INF]
    assert p_above(draws) == pytest.approx(4 / 101)
    assert p_at_most(draws, 2.0) == pytest.approx(2 / 101)
    assert p_above(np.full(99, 1.0)) == pytest.approx(1 / 100)


def test_equivalence_is_the_interval_inside_the_limits() -> None:
    random = np.random.default_rng(0)
    for spread in (0.2, 0.5, 0.8, 1.5):
        for shift in (0.0, 0.7):
            draws = np.round(random.normal(shift, spread, 2000))
            low, high, p = equivalent(draws)
            inside = low >= -1 and high <= 1
            assert inside == (p <= 0.05) or abs(p - 0.05) < 0.002


def test_equivalence_is_shown_wrongly_in_5_percent_at_most_at_its_limit() -> None:
    """The true difference is 1.0 and a half on top: just outside, with onsets between states."""
    random = np.random.default_rng(1)
    wrong = []
    for _ in range(1000):
        estimate = random.normal(1.0, 0.5)
        wrong.append(equivalent(estimate + random.normal(0, 0.5, 400)).p <= 0.05)
    assert np.mean(wrong) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 1000)


def test_gain_is_what_training_adds_and_starts_where_it_steps() -> None:
    trained = np.r_[np.full(4, 0.3), np.full(9, 0.9)]
    untrained = np.stack([np.full(13, 0.25), np.full(13, 0.35)])
    assert gain(trained, untrained) == pytest.approx(np.r_[np.zeros(4), np.full(9, 0.6)])
    assert gain_onset(trained, untrained) == 4
    assert np.isnan(gain_onset(untrained[0], untrained))
    draws = np.stack([trained, trained])
    assert gain_onset(draws, np.stack([untrained, untrained], axis=1)).tolist() == [4, 4]


def test_clips_needed_interpolates_in_the_logarithm_and_keeps_censored_states_apart() -> None:
    sizes = np.array([50, 100, 200])
    scores = np.array([[0.9, 0.7, 0.2, 0.85], [0.95, 0.9, 0.3, 0.7], [0.97, 0.95, 0.5, 0.9]])
    found = clips_needed(scores, sizes)
    assert found.censored.tolist() == [AT_MOST, REACHED, MORE_THAN, AT_MOST]
    assert found.clips == pytest.approx([50, 50 * np.sqrt(2), 200, 50])
    assert clips_needed(np.stack([scores, scores]), sizes).clips.shape == (2, 4)
    gap = clips_needed(np.where(scores == 0.95, NAN, scores), sizes).clips
    assert np.isnan(gap[[0, 1]]).all()
    with pytest.raises(ValueError, match="must rise"):
        clips_needed(scores, sizes[::-1])


def test_late_decline_picks_the_peak_on_the_other_folds() -> None:
    folds = np.array([[0.1, 0.9, 0.5], [0.1, 0.8, 0.5], [0.1, 0.7, 0.5]])
    assert late_decline(folds) == pytest.approx(0.3)
    # fold 0 alone peaks at state 0, which the others would not pick: it gets what they picked
    odd = folds.copy()
    odd[0] = [0.95, 0.6, 0.5]
    assert late_decline(odd) == pytest.approx((0.1 + 0.3 + 0.2) / 3)
    gap = np.vstack([folds, [[NAN, 1.0, 0.0]]])
    assert late_decline(gap) == pytest.approx(0.3)
    assert np.isnan(late_decline(folds[:1]))


def test_late_decline_of_flat_noise_is_zero_on_average() -> None:
    random = np.random.default_rng(2)
    found = late_decline(random.normal(0.5, 0.1, (4000, 5, 13)))
    assert abs(found.mean()) < 3 * found.std() / np.sqrt(len(found))


def test_pooled_decline_is_on_the_scale_of_pooled_scores() -> None:
    curve = np.array([0.2, 0.9, 0.6])
    folds = np.tile(1 - 1.5 * (1 - curve), (5, 1))  # folds of less spread: all errors count more
    draws = np.tile(curve, (40, 1))
    assert pooled_decline(folds, curve, draws) == pytest.approx(np.full(41, 0.3))
