"""Onset, peak, decline and the sigmoid criterion on curves that are known in advance."""

import numpy as np
import pandas as pd
import pytest

from pez.emergence.curves import Curve, layer_fractions, pez_layer, read_curves
from pez.emergence.landmarks import find_landmarks, onset
from pez.emergence.sigmoid import fit_sigmoid
from pez.runtime.errors import ArtifactError


def curve(mean: np.ndarray, spread: float = 0.0, folds: int = 5) -> Curve:
    offsets = np.linspace(-1, 1, folds)
    offsets *= spread / offsets.std(ddof=1)
    return Curve(np.asarray(mean, float)[:, None] + offsets)


@pytest.mark.parametrize(
    ("layers", "expected"), [(24, 8), (32, 11), (40, 13), (12, 4), (2, 1), (1, 0)]
)
def test_pez_layer_is_one_third_of_depth(layers: int, expected: int) -> None:
    assert pez_layer(layers) == expected


def test_layer_fraction_of_the_paper_marker() -> None:
    assert layer_fractions(24)[8] == pytest.approx(8 / 23)
    assert layer_fractions(1).tolist() == [0.0]


@pytest.mark.parametrize("at", [1, 5, 8, 23])
def test_onset_of_a_step_is_its_layer(at: int) -> None:
    scores = np.where(np.arange(24) < at, 0.3, 0.9)
    assert onset(scores) == at


def test_onset_is_where_the_curve_stays_above_the_midpoint() -> None:
    assert onset(np.array([0.0, 0.6, 0.4, 0.6, 1.0])) == 3


def test_onset_ignores_a_decline_after_the_peak() -> None:
    assert onset(np.array([0.5, 0.5, 1.0, 0.7, 0.6])) == 2


def test_onset_counts_the_midpoint_itself_and_not_just_below() -> None:
    assert onset(np.array([0.0, 0.5, 1.0])) == 1
    assert onset(np.array([0.0, 0.4999, 1.0])) == 2


def test_falling_flat_and_unmeasured_curves_have_no_onset() -> None:
    assert onset(np.array([0.9, 0.5, 0.2])) is None
    assert onset(np.full(5, 0.4)) is None
    assert onset(np.array([np.nan, 0.1, 0.9])) is None


def test_onset_passes_over_layers_without_a_score() -> None:
    assert onset(np.array([0.0, 0.1, np.nan, 0.9, 1.0])) == 3


def test_landmarks_of_a_known_curve() -> None:
    mean = np.r_[0.2, np.full(7, 0.4), np.full(8, 0.9), 0.95, np.full(7, 0.8)]
    marks = find_landmarks(curve(mean, spread=0.05))
    assert marks is not None
    assert (marks.first, marks.pez, marks.peak, marks.last) == pytest.approx((0.2, 0.9, 0.95, 0.8))
    assert (marks.peak_layer, marks.onset) == (16, 8)
    assert marks.decline == pytest.approx(0.15)
    assert marks.jump.mean == pytest.approx(0.5)
    assert marks.rise.mean == pytest.approx(0.75)
    assert marks.dip == pytest.approx(0.9)  # layers 14 to 16
    assert marks.fold_onsets == (8, 8, 8, 8, 8)


def test_a_rise_within_the_fold_spread_has_no_onset() -> None:
    scores = np.tile([0.5, 0.5, 0.5], (6, 1))
    scores[3:] = [0.2, 0.6, 0.75]  # mean rise 0.017, spread 0.28
    marks = find_landmarks(Curve(scores))
    assert marks is not None
    assert marks.onset is None
    assert marks.rise.mean == pytest.approx(1 / 60)


def test_degenerate_folds_are_left_out_and_counted() -> None:
    scores = np.array([[0.1, 0.3, np.nan], [0.5, 0.9, np.nan], [np.nan] * 3])
    measured = Curve(scores)
    assert measured.mean[:2].tolist() == pytest.approx([0.2, 0.7])
    assert measured.spread[0] == pytest.approx(np.std([0.1, 0.3], ddof=1))
    assert measured.n_folds.tolist() == [2, 2, 0]
    assert measured.n_nan_folds.tolist() == [1, 1, 3]
    assert np.isnan(measured.mean[2])


def test_nothing_measured_gives_no_landmarks() -> None:
    assert find_landmarks(Curve(np.full((4, 5), np.nan))) is None


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


def results(layers: int, metric: str = "r2") -> pd.DataFrame:
    rows = [(layer, "validation", fold, metric, 0.1 * layer) for layer in range(layers)
            for fold in (1, 0)]  # fmt: skip
    return pd.DataFrame(rows, columns=["layer", "selection", "fold", "metric", "value"])


def test_read_curves_orders_layers_and_drops_other_metrics() -> None:
    table = pd.concat([results(3, "mae"), results(3).iloc[::-1]])
    curves = read_curves(table, 3, "speed.parquet")
    assert list(curves) == ["validation"]
    assert curves["validation"].mean.tolist() == pytest.approx([0, 0.1, 0.2])


def test_read_curves_refuses_other_layers_and_other_metrics() -> None:
    with pytest.raises(ArtifactError, match=r"x\.parquet holds 3 layers .* the model has 4"):
        read_curves(results(3), 4, "x.parquet")
    with pytest.raises(ArtifactError, match=r"x\.parquet holds no rows of metric r2"):
        read_curves(results(3, "mae"), 3, "x.parquet")
