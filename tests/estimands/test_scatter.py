"""Scatter that draws lack is found on smooth and on stepping curves, and put into them."""

import numpy as np
import pytest

from pez.estimands.scatter import excess_scatter, scattered

STATES = 25
STEP = np.where(np.arange(STATES) < 8, 0.2, 0.9)
RAMP = np.linspace(0.1, 0.9, STATES)


@pytest.mark.parametrize("truth", [STEP, RAMP], ids=["step", "ramp"])
@pytest.mark.parametrize("known", [0.0, 0.01])
def test_what_draws_lack_is_found(truth: np.ndarray, known: float) -> None:
    random = np.random.default_rng(0)
    found = []
    for _ in range(300):
        curve = truth + random.normal(0, 0.03, STATES)
        draws = curve + random.normal(0, known, (100, STATES))
        found.append(excess_scatter(curve, draws))
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(np.sqrt(0.03**2 - known**2), rel=0.2)


def test_draws_that_scatter_as_the_curve_does_get_hardly_more() -> None:
    random = np.random.default_rng(1)
    added = []
    for _ in range(300):
        curve = STEP + random.normal(0, 0.03, STATES)
        draws = curve + random.normal(0, 0.03, (100, STATES))
        added.append(scattered(curve, draws).var(axis=0).mean() / 0.03**2)
    assert 1.0 <= np.mean(added) < 1.35  # an estimate cut off at 0 is above it on average


def test_common_noise_is_no_scatter() -> None:
    """Draws that move all states together, about a curve as rough as they know: nothing is added
    to smooth ones, and draws follow the seed."""
    random = np.random.default_rng(2)
    smooth = RAMP + random.normal(0, 0.1, (100, 1))
    assert excess_scatter(RAMP, smooth) == pytest.approx(0, abs=1e-12)
    assert excess_scatter(STEP, STEP + random.normal(0, 0.1, (100, 1))) < 1e-12
    curve = RAMP + random.normal(0, 0.02, STATES)
    assert np.array_equal(scattered(curve, smooth, 3), scattered(curve, smooth, 3))
    assert not np.array_equal(scattered(curve, smooth, 3), scattered(curve, smooth, 4))
    assert excess_scatter(curve[:5], smooth[:, :5]) == 0
