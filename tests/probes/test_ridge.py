"""Ridge by primal and by dual, whole and shard by shard: one solution."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from one_by_one import statistics as one_by_one_statistics
from probe_data import design, features
from sklearn.linear_model import Ridge

import pez.solvers.cell_sums as gram
from pez.features.paths import FeatureKey, feature_path
from pez.features.store import FeatureStore, Shard
from pez.probes.run import run_probe
from pez.recipes.groupings import group_ids
from pez.recipes.spec import ProbeSpec, RidgeSolver
from pez.recipes.splits import Split, inner_split, outer_splits
from pez.recipes.targets import target_values
from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import write_tensors
from pez.scores.regression import r2
from pez.solvers.cell_sums import accumulate
from pez.solvers.cells import cells_of
from pez.solvers.ridge_dual import gram_matrices, ridge_predictions
from pez.solvers.ridge_primal import fit_shards, fit_splits, prefers_primal
from pez.solvers.task import Task

LABELS = design(7, 4, 5)
ALPHAS = (1e-2, 1.0, 1e2, 1e4)
SOLVER = RidgeSolver(method="ridge", alphas=ALPHAS)


def spec(**changes) -> ProbeSpec:
    known = {
        "dataset": "velocity", "target": "velocity_xy", "capture": "resid_post",
        "pooling": "temporal_last", "grouping": "direction_spatial_sector",
        "normalisation": "zscore", "solver": "here",
    }  # fmt: skip
    return ProbeSpec.model_validate(known | changes)


SPEC = spec()
GROUPS = group_ids(LABELS, SPEC.grouping, SPEC.seed)
OUTER = outer_splits(GROUPS, "p", SPEC)
INNER = [inner_split(split, GROUPS, "p", SPEC) for split in OUTER]
TARGETS = target_values(LABELS, "velocity_xy")


def inputs(width: int) -> np.ndarray:
    """Features of which some do not vary: anywhere, in a fold's training rows, or by rounding."""
    values = features(LABELS, width, seed=1)
    values[:, 5] = 0.1
    values[OUTER[0].train, 6] = 0.0
    values[INNER[1].train, 7] = 3.3
    jitter = np.random.default_rng(2).integers(-1, 2, size=len(values))
    values[:, 8] = 1000 + jitter * np.spacing(np.float32(1000))
    values[:, 9] += 1e4  # a mean far above the deviation
    return values


def dual(values: np.ndarray, splits: list[Split], normalisation: str) -> np.ndarray:
    """Predictions [splits, alphas, n, outputs]."""
    grams = gram_matrices(torch.from_numpy(values), splits, normalisation)
    pairs = zip(grams, splits, strict=True)
    return np.stack([ridge_predictions(g, TARGETS, s.train, ALPHAS) for g, s in pairs])


def in_shards(values: np.ndarray, *ends: int) -> list[Shard]:
    bounds = (0, *ends, len(values))
    return [Shard(k, a, values[a:b]) for k, (a, b) in enumerate(pairwise(bounds))]


@pytest.mark.parametrize("normalisation", ["none", "center", "zscore"])
@pytest.mark.parametrize("width", [24, 300], ids=["narrow", "wider_than_clips"])
def test_primal_equals_dual(width, normalisation, monkeypatch):
    monkeypatch.setattr(gram, "BATCH_CLIPS", 32)
    values = inputs(width)
    task = Task(TARGETS, OUTER, INNER, ("validation", "nested"), normalisation, SOLVER, memory=0)
    choices = fit_shards(task, lambda: in_shards(values, 30, 31, 100), "cpu")
    outer, inner = (dual(values, splits, normalisation) for splits in (OUTER, INNER))
    picked = {
        "validation": task.pick(outer[None], OUTER)[0],
        "nested": task.pick(inner[None], INNER)[0],
    }
    for selection, choice in choices.items():
        np.testing.assert_array_equal(choice.configuration, picked[selection][None])
        expected = outer[np.arange(len(OUTER)), picked[selection]]
        found = choice.predictions[0]
        np.testing.assert_allclose(found, expected, atol=1e-6 * TARGETS.std())
        for split, one, other in zip(OUTER, found, expected, strict=True):
            rows = split.held_out
            score = r2(TARGETS[rows], other[rows])
            assert r2(TARGETS[rows], one[rows]) == pytest.approx(score, rel=1e-8)


@pytest.mark.parametrize("normalisation", ["none", "center", "zscore"])
@pytest.mark.parametrize("noise", [1.0, 1e-4])
def test_scores_from_statistics_are_those_of_the_predictions(noise, normalisation):
    """Also where R2 is 1 - 1e-8 and so a difference of nearly equal sums."""
    values = features(LABELS, 24, seed=1, noise=noise)
    cells = cells_of(OUTER)
    statistics = accumulate(in_shards(values, 40), cells, TARGETS, {})
    fits = fit_splits(statistics, cells, TARGETS.shape[1], normalisation, ALPHAS)
    for fit, split, predictions in zip(
        fits, OUTER, dual(values, OUTER, normalisation), strict=True
    ):
        rows = split.held_out
        for error, predicted in zip(fit.errors, predictions, strict=True):
            assert error == pytest.approx(((TARGETS[rows] - predicted[rows]) ** 2).sum(), rel=1e-5)
            score = r2(TARGETS[rows], predicted[rows])
            assert 1 - error / fit.total == pytest.approx(score, rel=1e-8)


@pytest.mark.parametrize("normalisation", ["none", "center", "zscore"])
@pytest.mark.parametrize("width", [24, 300], ids=["primal", "dual"])
def test_both_equal_scikit_learn(width, normalisation):
    values = features(LABELS, width, seed=3).astype(np.float64)
    assert prefers_primal(*values.shape) == (width == 24)
    _, predictions = run_probe(
        "p", spec(normalisation=normalisation), SOLVER, lambda _: values, 1, LABELS, "cpu"
    )
    for fold, split in enumerate(OUTER):
        mean, scale = one_by_one_statistics(values[split.train], normalisation)
        scaled = (values - mean) / scale
        models = [Ridge(alpha).fit(scaled[split.train], TARGETS[split.train]) for alpha in ALPHAS]
        best = max(models, key=lambda model: r2(*_held_out(model, scaled, split)))
        rows = predictions[(predictions.fold == fold) & (predictions.selection == "validation")]
        found = rows.prediction.to_numpy().reshape(-1, 2)
        np.testing.assert_allclose(found, _held_out(best, scaled, split)[1], atol=1e-7)


def _held_out(model: Ridge, values: np.ndarray, split: Split) -> tuple[np.ndarray, np.ndarray]:
    return TARGETS[split.held_out], model.predict(values[split.held_out])


@pytest.fixture
def store(tmp_path):
    """Two layers of 140 clips in shards of 50, 50 and 40."""
    for layer in range(2):
        tubelets = np.stack([features(LABELS, 24, 10 * layer + t) for t in range(3)], axis=1)
        for shard in range(3):
            path = feature_path(tmp_path, FeatureKey("tubelet_mean", layer + 1, shard))
            metadata = {"view": "tubelet_mean", "stream": layer + 1}
            write_tensors(path, {"features": tubelets[50 * shard : 50 * shard + 50]}, metadata)
    return FeatureStore(tmp_path, layers=2, shards=3)


def never(layer: int) -> np.ndarray:
    raise AssertionError(f"layer {layer} was loaded whole")


def test_from_feature_shards_the_tables_are_those_from_memory(store):
    load = lambda layer: store.features(layer, "resid_post", "temporal_last")  # noqa: E731
    stream = lambda layer: store.pooled_shards(layer, "resid_post", "temporal_last")  # noqa: E731
    whole = run_probe("p", SPEC, SOLVER, load, 2, LABELS, "cpu")
    streamed = run_probe("p", SPEC, SOLVER, never, 2, LABELS, "cpu", 2, load_shards=stream)
    for expected, found in zip(whole, streamed, strict=True):
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
    values = load(1)
    results, predictions = streamed
    assert results[results.metric == "r2"].value.gt(0.5).all()
    expected = dual(values, OUTER, "zscore")
    for fold, split in enumerate(OUTER):
        rows = predictions[(predictions.layer == 1) & (predictions.fold == fold)]
        rows = rows[rows.selection == "nested"]
        chosen = results[(results.layer == 1) & (results.fold == fold)]
        alpha = chosen[chosen.selection == "nested"].alpha.iloc[0]
        np.testing.assert_allclose(
            rows.prediction.to_numpy().reshape(-1, 2),
            expected[fold, ALPHAS.index(alpha)][split.held_out],
            atol=1e-6,
        )


def test_machines_with_shards_of_their_own_agree_with_one(store):
    stream = lambda among=None: store.pooled_shards(0, "resid_post", "mean", among)  # noqa: E731
    cells = cells_of([*OUTER, *INNER])
    whole = accumulate(stream(), cells, TARGETS, {})
    first, second = (accumulate(stream(part), cells, TARGETS, {}) for part in ({1}, {0, 2}))
    with pytest.raises(ArtifactError, match=r"hold 50 of 140 clips \(shards 1\)"):
        fit_splits(first, cells, 2, "zscore", ALPHAS)
    first.merge(second)
    pairs = zip(
        fit_splits(first, cells, 2, "zscore", ALPHAS),
        fit_splits(whole, cells, 2, "zscore", ALPHAS),
        strict=True,
    )
    for merged, one in pairs:
        np.testing.assert_allclose(merged.errors, one.errors, rtol=1e-9)
        np.testing.assert_allclose(merged.weights, one.weights, rtol=1e-7, atol=1e-10)


def test_shards_that_do_not_fit_the_labels_are_refused(store):
    stream = lambda layer: store.pooled_shards(layer, "resid_post", "mean")  # noqa: E731
    more = pd.concat([LABELS, LABELS.iloc[:1]], ignore_index=True)
    with pytest.raises(ArtifactError, match="hold 140 of 141 clips"):
        run_probe("p", SPEC, SOLVER, never, 2, more, "cpu", load_shards=stream)
    with pytest.raises(ArtifactError, match="ends with clip number 139, and the labels name 139"):
        run_probe("p", SPEC, SOLVER, never, 2, LABELS.iloc[:139], "cpu", load_shards=stream)
