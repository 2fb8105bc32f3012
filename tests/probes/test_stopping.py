"""Plausibility probes that wait for clip accuracy, and movies with a probability of exactly .5."""

import numpy as np
import pytest
import torch
from movie_data import movies, plausibility_spec
from one_by_one import train
from probe_data import design, features
from scipy.special import logit

from pez.probes.run import run_probe
from pez.recipes.groupings import group_ids
from pez.recipes.spec import GradientSolver, ProbeSpec
from pez.recipes.splits import Split, inner_split, outer_splits
from pez.runtime.errors import ConfigError
from pez.scores.plausibility import best_configuration, movie_metrics, selection_scores
from pez.solvers.selection import fit_layers, grid
from pez.solvers.task import PlausibilityTask

LABELS = movies(8)
SCENES = group_ids(LABELS, "scene", 0)
POSSIBLE = LABELS["possible"].to_numpy()


def solver(**changes) -> GradientSolver:
    known = {
        "method": "adam_l2", "steps": 60, "patience": 5, "learning_rates": (3e-3, 3e-2),
        "weight_decays": (0.01, 0.8), "stopped_by": "clip_accuracy",
    }  # fmt: skip
    return GradientSolver(**known | changes)


def make_task(spec, solver) -> PlausibilityTask:
    outer = outer_splits(SCENES, "p", spec)
    inner = [inner_split(split, SCENES, "p", spec) for split in outer]
    return PlausibilityTask(
        POSSIBLE[:, None].astype(np.float64), outer, inner, spec.selections, spec.normalisation,
        solver, 1 << 30, scenes=SCENES, selected_by=spec.selected_by,
        half_counts_as=spec.half_counts_as,
    )  # fmt: skip


def movie_features() -> np.ndarray:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(len(LABELS), 19)) + rng.normal(size=(24, 19))[SCENES]
    values[:, :4] += POSSIBLE[:, None]
    return (values * rng.lognormal(size=19) + rng.normal(size=19)).astype(np.float32)


@pytest.mark.parametrize("start", ["zero", "pytorch"])
@pytest.mark.parametrize("selected_by", ["relative_accuracy", "clip_accuracy"])
@pytest.mark.parametrize("half", ["impossible", "possible"])
def test_fits_stop_where_a_loop_that_counts_right_calls_stops(start, selected_by, half):
    values = movie_features()
    spec = plausibility_spec(folds=3, selected_by=selected_by, half_counts_as=half)
    task = make_task(spec, solver(start=start))
    choices = fit_layers(task, torch.from_numpy(values)[None])
    stopped = set()
    for fold, outer in enumerate(task.outer):
        for name, split in (("validation", outer), ("nested", task.inner[fold])):
            fits = [
                train(
                    values, task.targets, split, "zscore", task.solver, *pair, cross_entropy=True,
                    half_counts_as=half,
                )
                for pair in grid(task.solver)
            ]  # fmt: skip
            logits = np.stack([fit.prediction[:, 0] for fit in fits])[None, None]
            expected = best_configuration(selected_by, logits, POSSIBLE, SCENES, [split], half)
            picked = choices[name].configuration[0, fold]
            assert picked == expected[0, 0]
            assert choices[name].steps[0, fold] == fits[picked].step
            stopped.update(fit.step for fit in fits)
            if name == "validation":
                found = choices[name].predictions[0, fold]
                np.testing.assert_allclose(found, fits[picked].prediction, atol=1e-4)
    assert len(stopped) > 4


def test_waiting_for_accuracy_is_not_waiting_for_the_loss():
    values = torch.from_numpy(movie_features())[None]
    steps = [
        fit_layers(make_task(plausibility_spec(), solver(stopped_by=name)), values)
        for name in ("loss", "clip_accuracy")
    ]
    assert (steps[0]["validation"].steps != steps[1]["validation"].steps).any()


@pytest.mark.parametrize("half", ["impossible", "possible"])
def test_where_features_say_nothing_the_tie_decides_and_the_first_step_stays(half):
    """From zero, balanced labels leave all logits at zero, and accuracy is .5 whatever the tie."""
    spec = plausibility_spec(folds=3, half_counts_as=half, selections=("validation",))
    task = make_task(spec, solver())
    choice = fit_layers(task, torch.ones(1, len(LABELS), 4))["validation"]
    assert not choice.predictions.any() and (choice.steps == 1).all()
    results, _ = run_probe(
        "p", spec, solver(), lambda layer: np.ones((len(LABELS), 4), np.float32), 1, LABELS, "cpu"
    )
    found = results[results.subset == "all"].groupby("metric").value.mean()
    assert found["clip_accuracy"] == 0.5
    assert found["possible_recall"] == (half == "possible")
    assert found["impossible_recall"] == (half == "impossible")


def test_a_half_counts_in_metrics_and_selection_alike():
    possible, scenes, pairs = np.array([1, 0, 1, 0]), np.zeros(4, int), np.array([0, 0, 1, 1])
    probability = np.array([0.5, 0.2, 0.9, 0.1])
    everything = np.ones(4, dtype=bool)
    logits = np.array([[0.0, -1.0, 2.0, -2.0], [1.0, -1.0, 2.0, 0.0]])
    for half, right, first, picked in (("impossible", 0.75, 0.75, 1), ("possible", 1.0, 1.0, 0)):
        found = movie_metrics(logit(probability), possible, scenes, pairs, half)
        assert found["clip_accuracy"] == right
        assert found["possible_recall"] == (1.0 if half == "possible" else 0.5)
        assert found["impossible_recall"] == 1.0
        scores = selection_scores("clip_accuracy", logits, possible, scenes, everything, half)
        assert scores.tolist() == [first, 1.75 - first]
        split = Split(everything, everything)
        best = best_configuration(
            "clip_accuracy", logits[None, None], possible, scenes, [split], half
        )
        assert best[0, 0] == picked


def test_a_regression_cannot_wait_for_accuracy():
    labels = design(7, 4, 3)
    spec = ProbeSpec(
        dataset="velocity", target="speed", capture="resid_post", pooling="mean",
        grouping="condition", normalisation="zscore", solver="waiting", folds=3,
    )  # fmt: skip
    with pytest.raises(ConfigError, match=r"solver 'waiting' has stopped_by clip_accuracy"):
        run_probe("p", spec, solver(), lambda layer: features(labels, 5, 0), 1, labels, "cpu")
