"""Leave-one-state-out errors against refits, and which family describes which curve."""

import numpy as np
import pytest
from scipy.special import expit

from pez.estimands.grids import logistics, ramps, steps
from pez.estimands.shape import FAMILIES, shape_errors

STATES = 13


def refitted(curve: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """Errors at every state of the best least-squares fit to the others, one shape at a time."""
    errors = np.empty(len(curve))
    for state in range(len(curve)):
        others = np.arange(len(curve)) != state
        mean = curve[others].mean()
        fits = [(((curve[others] - mean) ** 2).sum(), mean)]
        for shape in shapes:
            if np.ptp(shape[others]) < 1e-9:
                continue
            system = np.stack([np.ones(others.sum()), shape[others]], axis=1)
            solution = np.linalg.lstsq(system, curve[others])[0]
            if solution[1] > 0:
                left = ((curve[others] - system @ solution) ** 2).sum()
                fits.append((left, solution[0] + solution[1] * shape[state]))
        least = min(left for left, _ in fits)
        tied = [value for left, value in fits if left <= least * (1 + 1e-9)]
        errors[state] = curve[state] - np.mean(tied)
    return errors


def test_errors_are_those_of_refitting_without_the_state() -> None:
    random = np.random.default_rng(0)
    families = [steps(STATES), ramps(STATES)]
    for _ in range(10):
        curve = np.linspace(0, 1, STATES) + random.normal(0, 0.2, STATES)
        curve[-1] = curve.max() + 0.1  # the peak is last, so that nothing is held
        found = shape_errors(curve)
        for family, error in zip(families, found[:2], strict=True):
            expected = np.sqrt((refitted(curve, family.basis) ** 2).mean())
            assert error == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("states", [13, 25])
def test_each_family_describes_its_own(states: int) -> None:
    random = np.random.default_rng(1)
    depth = np.arange(states) / (states - 1)
    curves = {
        "step": np.where(depth < 1 / 3, 0.2, 0.9),
        "ramp": np.interp(depth, [0, 0.2, 0.8, 1], [0.1, 0.1, 0.9, 0.9]),
        "logistic": 0.1 + 0.8 * expit(12 * (depth - 0.5)),
    }
    errors = {
        name: np.median(shape_errors(curve + random.normal(0, 0.02, (200, states))), axis=0)
        for name, curve in curves.items()
    }
    step, ramp, logistic = (FAMILIES.index(name) for name in FAMILIES)
    assert errors["step"][step] <= errors["step"][ramp]
    assert errors["step"][step] <= errors["step"][logistic]
    assert errors["ramp"][ramp] < errors["ramp"][step] / 3
    assert errors["ramp"][ramp] < errors["ramp"][logistic]
    assert errors["logistic"][logistic] < errors["logistic"][step] / 3
    assert errors["logistic"][logistic] < errors["logistic"][ramp]


def test_no_shape_says_more_than_the_constant_of_a_flat_curve() -> None:
    assert shape_errors(np.full(STATES, 0.4)) == pytest.approx(0, abs=1e-9)


def test_gaps_and_too_few_states() -> None:
    curves = np.zeros((2, STATES))
    curves[0, 3] = np.nan
    assert np.isnan(shape_errors(curves)[0]).all() and np.isfinite(shape_errors(curves)[1]).all()
    with pytest.raises(ValueError, match="3 states"):
        shape_errors(np.zeros(3))


def test_grids_hold_what_they_say() -> None:
    assert len(steps(STATES).basis) == 12
    assert len(ramps(STATES).basis) == 12 * 11 // 2
    low, high = ramps(STATES).parameters.T
    assert (high - low >= 2).all()
    for shapes in (steps(STATES), ramps(STATES), logistics(STATES)):
        assert np.allclose(shapes.basis.sum(axis=1), 0)
        assert np.allclose((shapes.basis**2).sum(axis=1), 1)
