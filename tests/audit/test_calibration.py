"""Counting verdicts against truths."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from pez.audit.calibration import (
    RULES,
    CalibrationSettings,
    binomial_interval,
    calibrate,
    criterion_rates,
    tabulate,
)
from pez.audit.claims.registry import CLAIMS
from pez.audit.measure_primary import PrimarySettings
from pez.audit.planted.registry import PLANTED_KINDS

ROWS = [
    *[("step", "C1", "yes", "yes")] * 8,
    *[("step", "C1", "yes", "undecided")] * 2,
    *[("ramp", "C1", "no", "yes")] * 1,
    *[("ramp", "C1", "no", "no")] * 9,
    *[("ramp", "C4", "none", "yes")] * 10,
]


def test_answers_are_counted_by_kind_and_criterion() -> None:
    table = tabulate(ROWS).set_index(["planted", "criterion"])
    row = table.loc[("step", "C1")]
    assert [row[name] for name in ("yes", "no", "undecided", "runs")] == [8, 0, 2, 10]
    assert row["truth"] == "yes" and row["yes_rate"] == 0.8
    assert row["yes_low"] < 0.8 < row["yes_high"]
    assert table.loc[("ramp", "C4"), "truth"] == "none"


def test_rates_are_over_networks_with_a_known_truth() -> None:
    rates = criterion_rates(tabulate(ROWS))
    assert rates["C1"].false_positive_rate == 0.1
    assert rates["C1"].detection_rate == 0.8
    assert rates["C1"].false_negative_rate == 0
    assert rates["C1"].runs == 20
    assert rates["C4"].false_positive_rate is None and rates["C4"].runs == 0


@pytest.mark.parametrize(("hits", "runs"), [(0, 20), (1, 20), (10, 20), (20, 20)])
def test_binomial_intervals_end_where_the_tails_have_5_percent(hits: int, runs: int) -> None:
    low, high = binomial_interval(hits, runs)
    assert low <= hits / runs <= high
    if hits > 0:
        assert binom.sf(hits - 1, runs, low) == pytest.approx(0.05)
    if hits < runs:
        assert binom.cdf(hits, runs, high) == pytest.approx(0.05)


def test_binomial_intervals_hold_the_rate_in_90_percent_or_more() -> None:
    random = np.random.default_rng(0)
    for rate in (0.02, 0.3):
        held = [
            low <= rate <= high
            for low, high in (
                binomial_interval(int(hits), 40) for hits in random.binomial(40, rate, 500)
            )
        ]
        assert np.mean(held) >= 0.9 - 3 * np.sqrt(0.09 / 500)


def test_a_calibration_runs_from_planting_to_the_table() -> None:
    kinds = [kind for kind in PLANTED_KINDS if kind.name in ("abrupt_8", "none")]
    primary = PrimarySettings(
        direction="direction_sincos",
        grouping="condition",
        normalisation="zscore",
        selection="nested",
        fold_seed=42,
        folds=5,
        alphas=(10.0,),
        draws=200,
        permutations=5,
        seed=0,
    )
    settings = CalibrationSettings(runs=1, blocks=6, untrained=2, noise=(0.0,))
    table = calibrate(kinds, settings, primary)
    assert set(table["planted"]) == {"abrupt_8", "none"}
    assert set(table["criterion"]) == {*(claim.id for claim in CLAIMS), *RULES}
    assert (table[["yes", "no", "undecided"]].sum(axis=1) == table["runs"]).all()
    steps = table[table["criterion"] == "step"].set_index("planted")
    assert steps.loc["abrupt_8", "yes"] == 1 and steps.loc["none", "no"] == 1
    pd.testing.assert_frame_equal(table, calibrate(kinds, settings, primary))
