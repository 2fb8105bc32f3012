"""A whole probe: tables, leaks, degenerate folds, bad features."""

import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from probe_data import design, features

from pez.probes.run import run_probe
from pez.recipes.spec import GradientSolver, ProbeSpec, RidgeSolver
from pez.recipes.splits import inner_split, outer_splits
from pez.runtime.errors import ArtifactError, ConfigError
from pez.scores.regression import r2
from pez.solvers.selection import Task, fit_layers

LABELS = design(7, 4, 3)
ADAMW = GradientSolver(
    method="adamw", steps=60, patience=10, learning_rates=(0.01, 0.1), weight_decays=(0.01, 0.8)
)
RIDGE = RidgeSolver(method="ridge", alphas=(0.1, 10.0, 1000.0))


def spec(**changes) -> ProbeSpec:
    known = {
        "dataset": "velocity", "target": "direction_sincos", "capture": "resid_post",
        "pooling": "mean", "grouping": "condition", "normalisation": "zscore", "solver": "here",
        "folds": 3,
    }  # fmt: skip
    return ProbeSpec.model_validate(known | changes)


def run(probe=None, solver=ADAMW, labels=LABELS, load=None, layers=2, threads=1):
    load = load or (lambda layer: features(LABELS, 24, layer))
    return run_probe("p", probe or spec(), solver, load, layers, labels, "cpu", threads)


@pytest.mark.parametrize("solver", [ADAMW, RIDGE], ids=["adamw", "ridge"])
def test_tables_are_tidy_and_agree(solver):
    results, predictions = run(solver=solver)
    keys = ["layer", "selection", "fold"]
    assert list(results.columns) == [
        *keys, "subset", "metric", "value", "n_train", "n_test", "learning_rate", "weight_decay",
        "steps", "alpha",
    ]  # fmt: skip
    assert list(predictions.columns) == [*keys, "clip_id", "output", "target", "prediction"]
    assert len(results) == 2 * 2 * 3 * 4
    assert set(results.metric) == {"r2", "mae", "circular_mae_deg", "accuracy_within_15_deg"}
    assert (results.n_train + results.n_test == len(LABELS)).all()
    assert results.alpha.isna().all() == (solver is ADAMW)
    assert results[["learning_rate", "weight_decay", "steps"]].isna().all(axis=None) == (
        solver is RIDGE
    )
    once = predictions.groupby(["layer", "selection", "clip_id", "output"]).size()
    assert (once == 1).all() and len(once) == 2 * 2 * len(LABELS) * 2
    for key, part in predictions.groupby(keys):
        wide = part.pivot(index="clip_id", columns="output")
        row = results[(results[keys] == list(key)).all(axis=1) & (results.metric == "r2")]
        recomputed = r2(wide["target"].to_numpy(), wide["prediction"].to_numpy())
        assert row.value.item() == pytest.approx(recomputed, abs=1e-9)
        assert row.value.item() > 0.5  # the features hold the direction


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_run_gives_the_same_tables_with_any_number_of_threads(threads):
    for first, second in zip(run(layers=4), run(layers=4, threads=threads), strict=True):
        pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_single_selections_are_parts_of_the_whole():
    results, _ = run()
    for selection in ("validation", "nested"):
        alone, _ = run(spec(selections=(selection,)))
        expected = results[results.selection == selection].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, expected, atol=1e-4, rtol=1e-4)


def noise_task(seed: int) -> tuple[Task, torch.Tensor]:
    """Targets that follow the group alone, and features that know groups but not the target."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(30), 4)
    targets = rng.normal(size=(30, 1))[groups]
    inputs = rng.normal(size=(1, 30, 40))[:, groups] + 0.5 * rng.normal(size=(1, 120, 40))
    probe = spec(folds=5)
    outer = outer_splits(groups, "p", probe)
    inner = [inner_split(split, groups, "p", probe) for split in outer]
    solver = GradientSolver(
        method="adamw", steps=100, patience=20,
        learning_rates=(1e-3, 1e-2, 0.1), weight_decays=(0.01, 0.8),
    )  # fmt: skip
    task = Task(targets, outer, inner, probe.selections, "zscore", solver, 1 << 30)
    return task, torch.from_numpy(inputs.astype(np.float32))


def test_on_noise_nested_finds_nothing_and_validation_flatters_itself():
    scores: dict[str, list[float]] = {"validation": [], "nested": []}
    for seed in range(20):
        task, inputs = noise_task(seed)
        for selection, choice in fit_layers(task, inputs).items():
            for split, predicted in zip(task.outer, choice.predictions[0], strict=True):
                rows = split.held_out
                scores[selection].append(r2(task.targets[rows], predicted[rows]))
    nested, validation = np.array(scores["nested"]), np.array(scores["validation"])
    error = nested.std() / np.sqrt(len(nested))
    assert nested.mean() < 2 * error  # nothing above zero that chance does not explain
    difference = validation - nested
    assert difference.mean() > 3 * difference.std() / np.sqrt(len(difference))


@pytest.mark.parametrize("solver", [ADAMW, RIDGE], ids=["adamw", "ridge"])
def test_the_reported_fold_does_not_sway_the_nested_choice(solver):
    task, inputs = noise_task(0)
    task = replace(task, solver=solver)
    split = task.outer[1]
    # What a long, unpenalised fit of the training rows would say of the reported fold.
    weights = np.linalg.lstsq(inputs[0, split.train], task.targets[split.train])[0]
    targets = task.targets.copy()
    targets[split.held_out] = 3 * inputs[0, split.held_out].numpy() @ weights
    before, after = fit_layers(task, inputs), fit_layers(replace(task, targets=targets), inputs)
    for array in ("configuration", "steps"):
        assert getattr(before["nested"], array)[0, 1] == getattr(after["nested"], array)[0, 1]
    np.testing.assert_allclose(
        before["nested"].predictions[0, 1], after["nested"].predictions[0, 1], atol=1e-4
    )
    moved = before["validation"].predictions[0, 1] - after["validation"].predictions[0, 1]
    assert np.abs(moved).max() > 1e-2  # while the validation choice follows the fold's targets


def test_a_constant_fold_is_nan_with_a_warning_and_the_others_are_not(caplog):
    labels = design(4, 5, 4)
    load = lambda layer: features(labels, 24, layer)  # noqa: E731
    probe = spec(target="speed", grouping="magnitude", folds=5)
    with caplog.at_level(logging.WARNING):
        results, predictions = run(probe, labels=labels, load=load, layers=1)
    values = results[results.metric == "r2"].value
    assert values.isna().all()  # one speed in every fold
    assert results[results.metric == "mae"].value.notna().all()
    assert predictions.prediction.notna().all()
    assert "probe p, fold 0: the target is constant in the held-out clips" in caplog.text
    assert len(caplog.records) == 5

    caplog.clear()
    results, _ = run(spec(target="speed", grouping="magnitude", folds=3), labels=labels, load=load)
    values = results[results.metric == "r2"].set_index(["layer", "selection", "fold"]).value
    assert values.isna().groupby("fold").all().tolist() == [False, False, True]
    assert values.isna().sum() == 2 * 2


def test_a_target_constant_in_training_is_nan(caplog):
    labels = design(4, 2, 4)
    probe = spec(target="speed", grouping="magnitude", folds=2, selections=("validation",))
    results, _ = run(probe, labels=labels, load=lambda layer: features(labels, 24, layer))
    assert results[results.metric == "r2"].value.isna().all()
    assert "training" in caplog.text


def test_constant_features_give_numbers():
    results, predictions = run(load=lambda layer: np.ones((len(LABELS), 6), np.float32), layers=1)
    assert np.isfinite(predictions.prediction).all()
    assert (results[results.metric == "r2"].value <= 1e-6).all()


def test_bad_features_are_named_by_layer():
    def load(layer):
        values = features(LABELS, 24, layer)
        values[7, 3] = np.nan if layer == 1 else 0.0
        return values

    with pytest.raises(ArtifactError, match=r"probe p: 1 features of layer 1.*clip number 7"):
        run(load=load)
    with pytest.raises(ArtifactError, match=r"layer 0 have shape \(5, 24\)"):
        run(load=lambda layer: np.zeros((5, 24), np.float32))


def test_more_folds_than_groups_is_refused():
    with pytest.raises(ConfigError, match="grouping 'start_index' makes 3"):
        run(spec(grouping="start_index", folds=5))
