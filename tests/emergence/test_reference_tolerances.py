"""The tolerances of the reference tables are what benchmarks/reference_tolerances.py computes."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "reference_tolerances.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_tolerances", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["THIRD_PARTY", "PAPER"])
def test_the_tables_hold_what_the_script_computes(script: ModuleType, name: str) -> None:
    table = getattr(script, name)
    assert script.with_tolerances(table).to_csv(index=False) == table.read_text()


def test_a_tolerance_is_two_standard_errors_of_a_difference_of_means(script: ModuleType) -> None:
    folds = np.array([0.6, 0.7, 0.8, 0.7, 0.7])
    rows = [
        {"variable": "speed", "layer": layer, "start": start, "fold": fold, "r2": value + added}
        for layer in (0, 4)
        for start, added in (("pytorch", 0.0), ("zero", 0.01 * layer))
        for fold, value in enumerate(folds)
    ]
    first, _ = script.score_tolerance(pd.DataFrame(rows), "speed", "first")
    later, words = script.score_tolerance(pd.DataFrame(rows), "speed", "pez")
    draws = np.random.default_rng(0).normal(0.7, folds.std(ddof=1), (2, 100_000, 5)).mean(axis=2)
    assert first == pytest.approx(2 * (draws[0] - draws[1]).std(), rel=0.01)
    assert later == pytest.approx(np.hypot(first, 2 * 0.04))  # two starts, .04 apart
    assert "s.d. 0.071 over 5 folds (third party's code, embedded model, layer 4)" in words


def test_direction_takes_the_deviations_of_the_reference_itself(script: ModuleType) -> None:
    spread = pd.read_csv(script.SPREAD)
    for quantity, deviation in (("first", 0.28), ("pez", 0.12), ("jump", 0.12)):
        tolerance, words = script.score_tolerance(spread, "direction", quantity)
        assert tolerance == pytest.approx(2 * deviation * np.sqrt(2 / 5), abs=0.002)
        assert "third party's own curve" in words


def test_movies_have_a_binomial_error_even_at_the_limit(script: ModuleType) -> None:
    assert script.movie_tolerance(0.5)[0] == pytest.approx(2 * np.sqrt(0.25 / 94))
    at_the_limit = script.movie_tolerance(1.0)[0]
    assert at_the_limit == pytest.approx(script.movie_tolerance(0.0)[0])
    assert at_the_limit == pytest.approx(2 * np.sqrt(92 / 94 * 2 / 94 / 94))


def test_the_onset_of_the_papers_plot_may_be_off_by_the_unstated_read_out(
    script: ModuleType,
) -> None:
    assert script.onset_tolerance(script.THIRD_PARTY)[0] == 1
    assert script.onset_tolerance(script.PAPER)[0] == 1
    assert "input or output of a block" in script.onset_tolerance(script.PAPER)[1]
