"""Curves read from tables, and the landmarks of curves that are known in advance."""

import numpy as np
import pandas as pd
import pytest

from pez.emergence.curves import Curve, curves_of, layer_fractions, pez_layer
from pez.emergence.landmarks import find_landmarks
from pez.evidence.read import EvidenceTable
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


def test_landmarks_of_a_known_curve() -> None:
    mean = np.r_[0.2, np.full(7, 0.4), np.full(8, 0.9), 0.95, np.full(7, 0.8)]
    marks = find_landmarks(curve(mean, spread=0.05))
    assert marks is not None
    assert (marks.first, marks.pez, marks.peak, marks.last) == pytest.approx((0.2, 0.9, 0.95, 0.8))
    assert (marks.peak_layer, marks.onset) == (16, 8)
    assert marks.decline.estimate == pytest.approx(0.15)
    assert marks.jump.estimate == pytest.approx(0.5)
    assert marks.rise.estimate == pytest.approx(0.75)
    assert marks.rise.holds and marks.jump.holds and marks.decline.holds
    assert marks.dip == pytest.approx(0.9)  # layers 14 to 16
    assert marks.fold_steps == (8, 8, 8, 8, 8)
    assert (marks.step.layer, marks.half_rise) == (8, 8)  # half rise from .575 on


def test_a_rise_within_the_fold_spread_has_no_onset() -> None:
    scores = np.tile([0.5, 0.5, 0.5, 0.5, 0.5], (6, 1))
    scores[3:] = [0.2, 0.6, 0.75, 0.45, 0.6]  # mean rise 0.02, spread 0.21
    marks = find_landmarks(Curve(scores))
    assert marks is not None
    assert marks.step is not None and marks.step.layer == 3
    assert marks.rise.verdict == "no"
    assert marks.onset is None


def test_three_folds_leave_the_onset_undecided() -> None:
    marks = find_landmarks(curve(np.where(np.arange(24) < 8, 0.2, 0.9), folds=3))
    assert marks is not None
    assert marks.rise.estimate == pytest.approx(0.7)
    assert marks.rise.verdict == "undecided"
    assert marks.onset is None


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


def results(layers: int, metric: str = "r2") -> pd.DataFrame:
    rows = [(layer, "validation", fold, "all", metric, 0.1 * layer) for layer in range(layers)
            for fold in (1, 0)]  # fmt: skip
    return pd.DataFrame(rows, columns=["layer", "selection", "fold", "subset", "metric", "value"])


def test_curves_are_in_order_of_layers_and_of_one_metric() -> None:
    table = pd.concat([results(3, "mae"), results(3).iloc[::-1]])
    curves = curves_of(EvidenceTable(table, 3, "speed.parquet"), "r2", "all")
    assert list(curves) == ["validation"]
    assert curves["validation"].mean.tolist() == pytest.approx([0, 0.1, 0.2])


def test_other_layers_and_other_metrics_are_refused() -> None:
    with pytest.raises(ArtifactError, match=r"x\.parquet holds 3 layers .* the model has 4"):
        curves_of(EvidenceTable(results(3), 4, "x.parquet"), "r2", "all")
    with pytest.raises(ArtifactError, match=r"x\.parquet holds no rows of metric r2"):
        curves_of(EvidenceTable(results(3, "mae"), 3, "x.parquet"), "r2", "all")
