"""The sigmoid criterion: what it finds, and each of the statements on how little it says."""

import numpy as np
import pytest

from pez.emergence.curves import layer_fractions
from pez.emergence.sigmoid import MAX_INFLECTION, fit_sigmoid

DEPTH = layer_fractions(24)


def sigmoid(inflection: float, height: float = 0.6, base: float = 0.2) -> np.ndarray:
    return base + height / (1 + np.exp(-30 * (layer_fractions(24) - inflection)))


@pytest.mark.parametrize("inflection", [0.15, 0.35, 0.6])
def test_sigmoid_fit_finds_the_inflection(inflection: float) -> None:
    fit = fit_sigmoid(sigmoid(inflection))
    assert fit is not None
    assert fit.inflection == pytest.approx(inflection, abs=0.01)
    assert fit.fit_r2 > 0.999
    assert fit.emerges == (inflection <= 0.5)


def test_sigmoid_criterion_needs_height_over_chance_and_a_good_fit() -> None:
    low = fit_sigmoid(sigmoid(0.3, height=0.1, base=0.0))
    noise = fit_sigmoid(np.random.default_rng(0).normal(0.5, 0.2, 24))
    assert low is not None and low.fit_r2 > 0.99 and not low.emerges
    assert noise is not None and noise.fit_r2 < 0.9 and not noise.emerges


def test_no_sigmoid_for_a_flat_or_a_short_curve() -> None:
    assert fit_sigmoid(np.full(24, 0.5)) is None
    assert fit_sigmoid(np.array([0.1, 0.2, np.nan, 0.3, 0.4])) is None


def test_the_width_is_where_the_sigmoid_climbs_from_10_to_90_percent() -> None:
    fit = fit_sigmoid(sigmoid(0.35))
    assert fit is not None
    climb = 1 / (1 + np.exp(-30 * (np.linspace(0, 1, 23001) - 0.35)))
    between = (climb > 0.1) & (climb < 0.9)
    assert fit.width == pytest.approx(between.mean() * 23, abs=0.01)  # 3.37 layers
    step = fit_sigmoid(np.where(np.arange(24) < 8, 0.2, 0.9))
    assert step is not None and step.width < 1


@pytest.mark.parametrize(
    ("scores", "fit_r2"),
    [(np.sqrt(DEPTH), 0.98), (1 - np.exp(-DEPTH / 0.1), 0.997)],
    ids=["square root", "exponential"],
)
def test_it_accepts_curves_that_rise_from_the_first_layer_on(
    scores: np.ndarray, fit_r2: float
) -> None:
    fit = fit_sigmoid(scores)
    assert fit is not None and fit.emerges
    assert fit.fit_r2 == pytest.approx(fit_r2, abs=1e-3)
    assert fit.inflection == pytest.approx(0, abs=1e-6)


def test_a_straight_line_misses_it_by_rounding_alone() -> None:
    line, bulging = fit_sigmoid(DEPTH), fit_sigmoid(DEPTH + 1e-3 * DEPTH * (1 - DEPTH))
    assert line is not None and bulging is not None
    assert line.fit_r2 > 0.999
    assert abs(line.inflection - MAX_INFLECTION) < 1e-4
    assert bulging.emerges
    assert line.width > 23  # longer than the network


def test_it_refuses_the_course_of_the_papers_own_figure_6_for_its_decline() -> None:
    course = np.interp(
        np.arange(24),
        [0, 2, 3, 7, 8, 10, 15, 20, 23],
        [0.475, 0.4, 0.4, 0.95, 0.975, 0.975, 0.9, 0.775, 0.725],
    )
    fit = fit_sigmoid(course, chance=0.5)
    assert fit is not None and not fit.emerges
    assert fit.fit_r2 == pytest.approx(0.84, abs=0.005)
    held = fit_sigmoid(np.maximum.accumulate(course), chance=0.5)
    assert held is not None and held.emerges
