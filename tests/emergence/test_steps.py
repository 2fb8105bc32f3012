"""Where a curve steps up: the paper's curve, the third party's, and shapes known in advance."""

import numpy as np
import pytest

from pez.emergence.curves import layer_fractions
from pez.emergence.steps import Step, find_step, half_rise

DEPTH = layer_fractions(24)
# Direction, arXiv 2602.07050, Fig. 2(c), read off the plot with the plateau at its mean.
PAPER = np.r_[0.22, np.full(7, 0.585), 0.93, np.full(15, 0.925)]
# Direction of the third-party reproduction; it names no layers between 12, 16 and 23.
THIRD_PARTY = np.interp(
    np.arange(24),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16, 23],
    [0.33, 0.44, 0.47, 0.45, 0.53, 0.55, 0.51, 0.57, 0.82, 0.81, 0.78, 0.84, 0.86, 0.876, 0.835],
)


def step(scores: np.ndarray) -> Step:
    found = find_step(np.asarray(scores, float))
    assert found is not None
    return found


def by_trying_all(scores: np.ndarray) -> int | None:
    """The definition, one split after the other."""
    peak = int(np.argmax(scores))
    held = np.r_[scores[:peak], np.full(len(scores) - peak, scores[peak])]
    errors = {
        split: held[:split].var() * split + held[split:].var() * (len(held) - split)
        for split in range(1, peak + 1)
        if held[split:].mean() > held[:split].mean()
    }
    return min(errors, key=errors.__getitem__) if errors else None


def papers_readings(random: np.random.Generator) -> np.ndarray:
    """One curve within the ranges that the paper's plot allows."""
    plateau, late = random.uniform(0.5, 0.67, 7), random.uniform(0.9, 0.95, 15)
    return np.r_[0.22, plateau, 0.93, late]


def test_the_step_of_the_papers_curve_and_of_the_third_partys_is_at_layer_8() -> None:
    assert step(PAPER).layer == 8
    assert step(THIRD_PARTY).layer == 8


def test_the_papers_readings_give_8_where_other_rules_toss_a_coin() -> None:
    random = np.random.default_rng(0)
    curves = [papers_readings(random) for _ in range(500)]
    assert {step(one).layer for one in curves} == {8}
    noisy = [one + random.normal(0, 0.05, 24) for one in curves]
    assert np.mean([step(one).layer == 8 for one in noisy]) > 0.97
    halves = [half_rise(one) for one in curves]
    largest = [step(one).steepest for one in curves]
    assert 0.4 < np.mean(np.equal(halves, 8)) < 0.6
    assert {1, 8} == set(largest) and 0.3 < np.mean(np.equal(largest, 8)) < 0.5


def test_the_sharpness_of_the_papers_curve_is_half_of_its_rise() -> None:
    found = step(PAPER)
    assert found.sharpness == pytest.approx((0.585 - 0.22) / (0.93 - 0.22))
    assert found.steepest == 1  # by .365 to .345


@pytest.mark.parametrize(("second", "layer"), [(0.41, 1), (0.43, 8)])
def test_of_two_steps_the_later_wins_from_42_percent_of_the_first_on(
    second: float, layer: int
) -> None:
    found = step(np.r_[0.0, np.full(7, 1.0), np.full(16, 1 + second)])
    assert (found.layer, found.steepest) == (layer, 1)


@pytest.mark.parametrize(
    ("scores", "layer", "sharpness", "half"),
    [(DEPTH, 12, 1 / 23, 12), (np.sqrt(DEPTH), 9, np.sqrt(1 / 23), 6)],
    ids=["straight line", "square root"],
)
def test_gradual_curves(scores: np.ndarray, layer: int, sharpness: float, half: int) -> None:
    found = step(scores)
    assert (found.layer, half_rise(scores)) == (layer, half)
    assert found.sharpness == pytest.approx(sharpness)


@pytest.mark.parametrize("inflection", [0.15, 0.35, 0.6])
def test_the_step_of_a_sigmoid_is_the_first_layer_past_its_inflection(inflection: float) -> None:
    scores = 1 / (1 + np.exp(-30 * (DEPTH - inflection)))
    assert step(scores).layer == int(np.ceil(23 * inflection))


def test_it_is_the_least_squares_fit() -> None:
    random = np.random.default_rng(1)
    for _ in range(300):
        scores = random.normal(size=random.integers(2, 30))
        found = find_step(scores)
        assert (None if found is None else found.layer) == by_trying_all(scores)
        assert found is None or 0 < found.sharpness <= 1


def test_flat_noise_has_a_step_anywhere() -> None:
    random = np.random.default_rng(2)
    layers = {step(np.r_[-3, random.normal(size=23)]).layer for _ in range(300)}
    assert len(layers) > 5


@pytest.mark.parametrize("rule", [find_step, half_rise])
def test_what_comes_after_the_peak_moves_neither_rule(rule: object) -> None:
    random = np.random.default_rng(3)
    curve = np.r_[0.2, np.full(7, 0.4), 0.95, np.full(15, 0.9)]
    expected = rule(curve)
    for _ in range(50):
        curve[9:] = random.uniform(-1, 0.95, 15)
        assert rule(curve) == expected


@pytest.mark.parametrize("at", [1, 5, 8, 23])
def test_a_step_is_found_at_its_layer_by_both_rules(at: int) -> None:
    scores = np.where(np.arange(24) < at, 0.3, 0.9)
    assert find_step(scores) == Step(at, pytest.approx(1.0), at)
    assert half_rise(scores) == at


def test_a_dip_before_the_rise_counts_to_the_rise() -> None:
    found = step([0.5, 0.4, 0.4, 0.9, 0.9])
    assert (found.layer, found.steepest) == (3, 3)
    assert found.sharpness == pytest.approx(1)


def test_layers_without_a_score_are_passed_over() -> None:
    assert step([0.0, 0.1, np.nan, 0.9, 1.0]).layer == 3
    assert half_rise(np.array([0.0, 0.1, np.nan, 0.9, 1.0])) == 3
    assert step([np.nan, 0.1, 0.9, np.nan]).layer == 2
    gap = step([0.0, np.nan, np.nan, np.nan, 1.0])
    assert gap.sharpness == pytest.approx(1 / 4)


def test_falling_flat_and_unmeasured_curves_have_no_step() -> None:
    for scores in ([0.9, 0.5, 0.2], np.full(5, 0.4), np.full(5, np.nan), [0.3]):
        assert find_step(np.asarray(scores, float)) is None
    for scores in ([0.9, 0.5, 0.2], np.full(5, 0.4), [np.nan, 0.1, 0.9]):
        assert half_rise(np.asarray(scores, float)) is None


def test_half_rise_is_where_the_curve_stays_above_the_midpoint() -> None:
    assert half_rise(np.array([0.0, 0.6, 0.4, 0.6, 1.0])) == 3


def test_half_rise_ignores_a_decline_after_the_peak() -> None:
    assert half_rise(np.array([0.5, 0.5, 1.0, 0.7, 0.6])) == 2


def test_half_rise_counts_the_midpoint_itself_and_not_just_below() -> None:
    assert half_rise(np.array([0.0, 0.5, 1.0])) == 1
    assert half_rise(np.array([0.0, 0.4999, 1.0])) == 2
