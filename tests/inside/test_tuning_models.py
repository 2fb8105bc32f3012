"""Linear models from sums: against models fitted clip by clip, and on units with planted tuning."""

import numpy as np
import pandas as pd
import pytest
import torch

from inside.tuning_samples import RIDGE, add, design, disc_shares, labels, tracks
from pez.inside.tuning.design import Design, Variable
from pez.inside.tuning.models import Models
from pez.inside.tuning.occupancy import (
    ball_patches,
    local_regressors,
    place_regressors,
)
from pez.inside.tuning.readings import LOCAL, PLACE
from pez.inside.tuning.tune import _ROOM, tune
from pez.inside.tuning.units import largest_by_bin, unit_rows

CLIPS = labels()
N = len(CLIPS)


def by_hand(
    known: Design, values: np.ndarray, given: np.ndarray, variable: str, use: np.ndarray
) -> tuple[float, np.ndarray]:
    """Gain and weights of one unit, clip by clip, on the clips ``use`` alone."""
    condition = known.condition.numpy()
    fold, d = known.fold.numpy()[condition], known.regressors(variable)[condition]

    def errors(x: np.ndarray, train: np.ndarray, test: np.ndarray) -> tuple[float, np.ndarray]:
        x = np.column_stack([np.ones(N), x])
        of_d = [RIDGE.variable] * (x.shape[1] - 1 - given.shape[1])
        penalty = np.diag([0.0] + [RIDGE.beside] * given.shape[1] + of_d)
        weights = np.linalg.solve(x[train].T @ x[train] + penalty, x[train].T @ values[train])
        return float(((values[test] - x[test] @ weights) ** 2).sum()), weights

    gained = base = about_mean = 0.0
    for number in range(known.folds):
        train, test = (fold != number) & use, (fold == number) & use
        without, _ = errors(given, train, test)
        with_d, _ = errors(np.column_stack([given, d]), train, test)
        gained += without - with_d
        base += without
        about_mean += ((values[test] - values[train].mean()) ** 2).sum()
    _, weights = errors(np.column_stack([given, d]), use, use)
    return gained / max(base, about_mean), weights[-2:]


@pytest.mark.parametrize("variable", ["direction", "speed"])
@pytest.mark.parametrize("given", [0, 4, 7])
def test_models_from_sums_are_those_of_the_clips(variable: str, given: int) -> None:
    known, draws = design(), np.random.default_rng(1)
    local = np.where(draws.random((N, 3, 4)) < 0.2, draws.random((N, 3, 4)), 0)
    common = draws.standard_normal((N, 1, 3))
    d = known.regressors(variable)[known.condition.numpy()]
    tuned = 0.4 * d @ draws.standard_normal((2, 3 * 2)) / d.std()
    values = 30 + draws.standard_normal((N, 3, 2)) + tuned.reshape(N, 3, 2)
    values += 2 * local[..., :2] + common[..., :1]
    there = draws.random((N, 3)) < 0.8
    there[:, 0] = True
    sums = add(known, values, local * there[..., None], common, there)
    models = Models(sums, slice(0, 3), known.fold, RIDGE, given)
    found = models.fit(known.regressors(variable))
    for position in range(3):
        z = np.concatenate([local[:, position], common[:, 0]], axis=1)[:, :given]
        for unit in range(2):
            gained, weights = by_hand(
                known, values[:, position, unit], z, variable, there[:, position]
            )
            assert float(found.gained[position, unit]) == pytest.approx(gained, abs=2e-5)
            np.testing.assert_allclose(found.weights[position, :, unit], weights, atol=2e-4)


def test_a_large_mean_costs_no_digits() -> None:
    known, draws = design(), np.random.default_rng(2)
    small = draws.standard_normal((N, 1, 1))
    plain = Models(add(known, small), slice(0, 1), known.fold, RIDGE)
    far = Models(add(known, small * 0.01 + 100), slice(0, 1), known.fold, RIDGE)
    d = known.regressors("direction")
    assert float(far.gained(d)) == pytest.approx(float(plain.gained(d)), abs=2e-3)


@pytest.mark.parametrize("variance", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("angle", [-2.5, 0.3, 1.9])
def test_a_noisy_cosine_has_its_share_and_its_direction(variance: float, angle: float) -> None:
    """Expected: .5 / (.5 + v), out of fold a little less."""
    known, draws = design(), np.random.default_rng(3)
    theta = CLIPS["direction_rad"].to_numpy()
    noise = np.sqrt(variance) * draws.standard_normal((N, 1, 40))
    values = np.cos(theta - angle)[:, None, None] + noise
    sums = add(known, values)
    tuned = tune(sums, known, "direction", 0, RIDGE, 20, 0)
    assert tuned.gained.mean() == pytest.approx(0.5 / (0.5 + variance), abs=0.02)
    rows, limit, _ = unit_rows(sums, known, "direction", tuned, 24)
    away = np.angle(np.exp(1j * (rows["preferred"] - angle)))
    assert np.abs(away).max() < 0.35 and abs(away.mean()) < 0.05
    np.testing.assert_allclose(rows["gain"].mean(), 1, atol=0.05)
    assert (rows["best"] > limit).all() and (rows["p"] < 0.05).all()
    power = rows[[f"harmonic_{number}" for number in (1, 2, 3, 4)]].mean()
    assert power["harmonic_1"] == pytest.approx(0.5, abs=0.05)
    assert power["harmonic_1"] > 10 * power["harmonic_2"]


def test_a_parabola_with_its_vertex_at_4_prefers_4() -> None:
    known, draws = design(), np.random.default_rng(4)
    speed = CLIPS["speed_m_s"].to_numpy()[:, None, None]
    values = -((speed - 4) ** 2) + 0.5 * draws.standard_normal((N, 1, 3))
    values[..., 1] = (speed[..., 0] - 4) ** 2  # opens upwards: prefers nothing
    values[..., 2] = 5 * speed[..., 0] - 0.01 * speed[..., 0] ** 2  # its vertex lies outside
    sums = add(known, values)
    tuned = tune(sums, known, "speed", 0, RIDGE, 20, 0)
    rows, _, _ = unit_rows(sums, known, "speed", tuned, 24)
    assert rows["preferred"][0] == pytest.approx(4, abs=0.05) and rows["best"][0] > 0.9
    assert np.isnan(rows["preferred"][1]) and np.isnan(rows["best"][1]) and rows["p"][1] == 1
    assert rows["preferred"][2] == pytest.approx(7)


@pytest.fixture(scope="module")
def places() -> np.ndarray:
    return tracks(CLIPS)


@pytest.fixture(scope="module")
def occupied(places: np.ndarray) -> np.ndarray:
    return disc_shares(places)


@pytest.fixture(scope="module")
def beside(places: np.ndarray, occupied: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shares = torch.from_numpy(occupied)
    out = ball_patches(shares) < 0
    common = place_regressors(places * (1, -1) / 4, out)
    return local_regressors(shares).numpy(), common.numpy()


def test_a_unit_that_tells_where_the_ball_is_is_tuned_until_occupancy_is_given(
    beside: tuple[np.ndarray, np.ndarray],
) -> None:
    """At every position the unit is the share covered of the patches about it, and no more."""
    known = design()
    local, _ = beside
    values = (local[..., :2].mean(axis=-1) + local[..., 2:].sum(axis=-1))[..., None]
    sums = add(known, values + 1e-5 * np.random.default_rng(5).random(values.shape), *beside)
    plain, given = (tune(sums, known, "direction", one, RIDGE, 20, 0) for one in (0, LOCAL))
    rows, limit, _ = unit_rows(sums, known, "direction", plain, 24)
    assert rows["best"][0] > limit and rows["p"][0] < 0.05
    gained, weights = plain.gained.numpy(), plain.weights.numpy()
    tuned = gained[:, 0] > 0.02
    assert tuned.sum() > 20 and given.gained[tuned].max() < 0.02
    last = gained[-256:, 0].reshape(16, 16)
    angle = np.arctan2(weights[-256:, 1, 0], weights[-256:, 0, 0]).reshape(16, 16)
    row, column = np.nonzero(last > 0.01)
    assert len(row) > 10
    outward = np.arctan2(7.5 - row, column - 7.5)  # balls reach an edge by moving to it
    assert np.cos(angle[row, column] - outward).mean() > 0.8


def test_a_unit_that_tells_the_half_of_the_frame_is_tuned_until_the_place_is_given(
    places: np.ndarray, beside: tuple[np.ndarray, np.ndarray]
) -> None:
    """What covers the unit's own patch does not tell: the ball may be far from it."""
    known = design()
    right = places.reshape(N, 8, 2, 2).mean(axis=2)[..., :1] > 0
    values = np.repeat(right, 4, axis=1) + 0.01 * np.random.default_rng(5).random((N, 32, 1))
    local, common = beside
    sums = add(known, values, np.repeat(local[:, ::256], 4, axis=1), common)
    plain, occupancy, place = (
        tune(sums, known, "direction", one, RIDGE, 20, 0).gained.max()
        for one in (0, LOCAL, LOCAL + PLACE)
    )
    assert plain > 0.4 and occupancy > 0.4 and place < 0.02


def test_a_unit_tuned_to_direction_beside_occupancy_stays_tuned(
    occupied: np.ndarray, beside: tuple[np.ndarray, np.ndarray]
) -> None:
    known = design()
    theta = CLIPS["direction_rad"].to_numpy()[:, None]
    values = (occupied.mean(axis=2).reshape(N, -1) + np.cos(theta - 1))[..., None]
    sums = add(known, values, *beside)
    for given, least in ((LOCAL, 0.9), (LOCAL + PLACE, 0.4)):
        found = tune(sums, known, "direction", given, RIDGE, 20, 0)
        assert found.gained.median() > least
        angle = torch.atan2(found.weights[:, 1, 0], found.weights[:, 0, 0])
        assert torch.cos(angle - 1).min() > 0.99


def test_noise_is_tuned_no_more_than_its_null() -> None:
    known, draws = design(), np.random.default_rng(6)
    above = []
    for seed in range(20):
        sums = add(known, draws.standard_normal((N, 4, 30)))
        tuned = tune(sums, known, "direction", 0, RIDGE, 40, seed)
        _, limit, _ = unit_rows(sums, known, "direction", tuned, 24)
        above.append(tuned.gained.max() > limit)
    assert sum(above) <= 4  # 1 expected


def test_permutations_keep_conditions_folds_and_the_other_variable() -> None:
    known = design()
    random = np.random.default_rng(0)
    permuted = known.permuted("direction", random)
    assert not np.array_equal(permuted, known.regressors("direction"))
    for magnitude in range(7):
        there = known.magnitude == magnitude
        before, after = known.regressors("direction")[there], permuted[there]
        np.testing.assert_allclose(np.sort(before, axis=0), np.sort(after, axis=0))
    assert len(np.unique(known.fold)) == 5
    assert np.bincount(known.fold).max() - np.bincount(known.fold).min() <= 1


def test_a_dead_unit_gains_nothing() -> None:
    known = design()
    values = np.full((N, 2, 1), 3.0)
    sums = add(known, values)
    tuned = tune(sums, known, "direction", 0, RIDGE, 20, 0)
    assert (tuned.gained == 0).all() and tuned.weights.isfinite().all()


@pytest.mark.parametrize("variable", ["direction", "speed"])
def test_how_many_positions_are_worked_out_at_once_changes_nothing(
    variable: Variable, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, draws = design(), np.random.default_rng(7)
    sums = add(known, draws.standard_normal((N, 10, 3)))
    whole = tune(sums, known, variable, 0, RIDGE, 20, 0)
    monkeypatch.setitem(_ROOM, "cpu", 3 * 4)
    parts = tune(sums, known, variable, 0, RIDGE, 20, 0)
    for name in ("gained", "weights", "null"):
        torch.testing.assert_close(getattr(parts, name), getattr(whole, name))
    first, second = (unit_rows(sums, known, variable, one, 24) for one in (whole, parts))
    pd.testing.assert_frame_equal(first.table, second.table, rtol=1e-4)


def test_the_largest_gain_of_a_bin_is_that_of_the_positions_in_it() -> None:
    draws = torch.Generator().manual_seed(0)
    gained = torch.randn((40, 3), generator=draws)
    values = 8 * torch.rand((40, 3), generator=draws, dtype=torch.float64) - 1
    values[::5, 1] = torch.nan
    values[:, 2] = 2.5
    found = largest_by_bin(gained, values, np.linspace(0, 6, 7))
    for unit in range(3):
        place = values[:, unit].floor().clamp(0, 5)  # those beyond the ends are in the outer bins
        for one in range(6):
            there = gained[place == one, unit]
            best = there.max() if len(there) else torch.tensor(torch.nan)
            torch.testing.assert_close(found[unit, one], best, equal_nan=True)
