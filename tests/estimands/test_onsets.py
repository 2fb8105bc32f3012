"""Onsets of curves with known answers, and what a curve without an onset is."""

import numpy as np
import pytest

from pez.emergence import steps
from pez.estimands.half_rise import half_rise
from pez.estimands.landmarks import noise_floor
from pez.estimands.logistic import logistic
from pez.estimands.step import ramp_sharpness, sharpness, step
from pez.estimands.threshold import threshold

STATES = 25
DEPTH = np.arange(STATES) / (STATES - 1)
# Direction, arXiv 2602.07050, Fig. 2(c), read off the plot with the plateau at its mean.
PAPER = np.r_[0.22, np.full(7, 0.585), 0.93, np.full(16, 0.925)]
SPEED = np.linspace(0.9, 0.98, STATES)
ONSETS = (half_rise, threshold, step, lambda curves, floor=0.1: logistic(curves, floor)[0])


def stepped(at: int, low: float = 0.2, high: float = 0.9) -> np.ndarray:
    return np.where(np.arange(STATES) < at, low, high)


@pytest.mark.parametrize("at", [1, 8, 24])
def test_a_step_is_found_where_it_is(at: int) -> None:
    curve = stepped(at)
    assert half_rise(curve) == threshold(curve) == step(curve) == at
    assert sharpness(curve) == pytest.approx(1)
    inflection, width = logistic(curve)
    assert inflection == pytest.approx(at - 0.5, abs=0.25)
    assert width == 0.5


def test_the_papers_curve() -> None:
    assert step(PAPER) == 8
    assert threshold(PAPER) == 8
    assert sharpness(PAPER) == pytest.approx((0.585 - 0.22) / (0.93 - 0.22))


def test_a_straight_line() -> None:
    assert step(DEPTH) in (12, 13) and half_rise(DEPTH) == 12
    assert threshold(DEPTH) == 20  # .8 of the way: 19.2
    assert sharpness(DEPTH) == pytest.approx(1 / 24)
    inflection, width = logistic(DEPTH)
    assert inflection == pytest.approx(12, abs=0.5) and width > 15


@pytest.mark.parametrize(("inflection", "width"), [(6.0, 4.0), (12.5, 2.0), (9.0, 12.0)])
def test_a_logistic_curve_is_found_within_the_grids_resolution(
    inflection: float, width: float
) -> None:
    curve = 0.1 + 0.8 / (1 + np.exp(-2 * np.log(9) * (np.arange(STATES) - inflection) / width))
    found, wide = logistic(curve)
    assert found == pytest.approx(inflection, abs=0.5)
    assert wide == pytest.approx(width, rel=0.35)


def test_what_is_high_from_the_first_state_is_readable_there_and_has_no_rise() -> None:
    assert threshold(SPEED) == 0
    for onset in (half_rise, step, sharpness):
        assert np.isnan(onset(SPEED))
    assert np.isnan(logistic(SPEED)).all()


@pytest.mark.parametrize("onset", ONSETS)
def test_what_stays_about_chance_or_falls_has_no_onset(onset: object) -> None:
    random = np.random.default_rng(0)
    noise = random.normal(-0.05, 0.03, (200, STATES))
    assert np.isnan(onset(noise)).all()
    below = np.linspace(-0.6, 0.05, STATES)  # less wrong is not readable
    assert np.isnan(onset(below))
    assert np.isnan(onset(stepped(8)[::-1] * 0.1))


@pytest.mark.parametrize("onset", (half_rise, step))
def test_a_falling_curve_does_not_rise_but_is_readable_at_once(onset: object) -> None:
    falling = np.linspace(0.9, 0.2, STATES)
    assert np.isnan(onset(falling))
    assert threshold(falling) == 0


def test_a_higher_floor_takes_what_chance_scatters() -> None:
    random = np.random.default_rng(1)
    permuted = random.normal(0, 0.08, (500, STATES))
    floor = noise_floor(permuted)
    assert floor == pytest.approx(np.quantile(permuted.max(axis=1), 0.95))
    curves = random.normal(0, 0.08, (2000, STATES))
    assert np.isnan(threshold(curves)).mean() < 0.5
    assert np.isnan(threshold(curves, floor)).mean() == pytest.approx(0.95, abs=0.02)
    assert noise_floor(None) == noise_floor(permuted * 0.01) == 0.1


def test_single_curves_agree_with_the_rules_of_the_verdict() -> None:
    random = np.random.default_rng(2)
    for states in (2, 3, 13, 25):
        curves = random.normal(size=(400, states))
        curves[::2] += np.linspace(0, 3, states)
        found = step(curves, floor=0.0)
        sharp = sharpness(curves, floor=0.0)
        halves = half_rise(curves, floor=0.0)
        for curve, layer, share, half in zip(curves, found, sharp, halves, strict=True):
            expected = steps.find_step(curve)
            if expected is None:
                assert np.isnan(layer) and np.isnan(share) and np.isnan(half)
            else:
                assert layer == expected.layer
                assert share == pytest.approx(expected.sharpness)
                assert half == steps.half_rise(curve)


@pytest.mark.parametrize("onset", [*ONSETS, sharpness])
def test_leading_axes_are_curve_by_curve_and_gaps_are_no_onset(onset: object) -> None:
    random = np.random.default_rng(3)
    curves = stepped(8) + random.normal(0, 0.1, (3, 4, STATES))
    found = onset(curves)
    assert found.shape == (3, 4) and found.dtype == np.float64
    for place in np.ndindex(3, 4):
        assert found[place] == onset(curves[place])
    curves[0, 0, 5] = np.nan
    assert np.isnan(onset(curves)[0, 0]) and not np.isnan(onset(curves)[0, 1])


def test_a_late_decline_moves_no_onset() -> None:
    curve = stepped(8)
    late = curve.copy()
    late[12:] = np.linspace(0.9, 0.1, 13)
    for onset in ONSETS:
        assert onset(curve) == onset(late)


def test_ramps_are_as_sharp_as_noise_makes_them() -> None:
    random = np.random.default_rng(4)
    curve = np.linspace(0.1, 0.9, STATES)
    quiet = ramp_sharpness(curve, curve + random.normal(0, 1e-6, (500, STATES)))
    assert quiet == pytest.approx(1 / 24, rel=1e-3)
    loud = ramp_sharpness(curve, curve + random.normal(0, 0.05, (500, STATES)))
    assert 2 / 24 < np.median(loud) < 8 / 24
