"""Batched cross-entropy fits against one fit at a time, and ties between equal movies."""

import numpy as np
import pytest
import torch
from movie_data import SOLVER, movies, plausibility_spec
from one_by_one import train

from pez.recipes.groupings import group_ids
from pez.recipes.spec import GradientSolver
from pez.recipes.splits import inner_split, outer_splits
from pez.scores.plausibility import best_configuration
from pez.solvers.selection import fit_layers, grid
from pez.solvers.task import PlausibilityTask

LABELS = movies(8)
TOLERANCE = 1e-4


def make_task(possible: np.ndarray, scenes: np.ndarray, spec, solver) -> PlausibilityTask:
    outer = outer_splits(scenes, "p", spec)
    inner = [inner_split(split, scenes, "p", spec) for split in outer]
    return PlausibilityTask(
        possible[:, None].astype(np.float64), outer, inner, spec.selections, spec.normalisation,
        solver, 1 << 30, scenes=scenes, selected_by=spec.selected_by,
    )  # fmt: skip


@pytest.mark.parametrize("method", ["adamw", "adam_l2"])
@pytest.mark.parametrize("normalisation", ["zscore", "center", "none"])
@pytest.mark.parametrize("balanced", [True, False])
def test_batched_fits_equal_torch_optim_one_at_a_time(method, normalisation, balanced):
    """Unbalanced labels, which no scene has, give the bias a large gradient from the first step."""
    rng = np.random.default_rng(0)
    scenes = group_ids(LABELS, "scene", 0)
    possible = LABELS["possible"].to_numpy() if balanced else rng.integers(0, 3, len(LABELS)) // 2
    values = rng.normal(size=(len(LABELS), 37)) + rng.normal(size=(24, 37))[scenes]
    values[:, :5] += 2 * possible[:, None]
    values = np.exp(0.3 * values) * rng.lognormal(size=37) + 2 * rng.normal(size=37)
    if normalisation != "none":  # raw, it is a second bias, and as unstable (see one_by_one)
        values[:, 7] = 3.0
    values = values.astype(np.float32)
    solver = GradientSolver(
        method=method, steps=70, patience=6, learning_rates=(3e-3, 0.1), weight_decays=(0.01, 0.8)
    )
    selected_by = "relative_accuracy" if balanced else "clip_accuracy"
    probe = plausibility_spec(folds=3, normalisation=normalisation, selected_by=selected_by)
    task = make_task(possible, scenes, probe, solver)
    choices = fit_layers(task, torch.from_numpy(values)[None])

    stopped = set()
    for fold, outer in enumerate(task.outer):
        fits = {}
        for name, split in (("validation", outer), ("nested", task.inner[fold])):
            fits[name] = [
                train(values, task.targets, split, normalisation, solver, *pair, cross_entropy=True)
                for pair in grid(solver)
            ]
            logits = np.stack([fit.prediction[:, 0] for fit in fits[name]])[None, None]
            expected = best_configuration(selected_by, logits, possible, scenes, [split])
            picked = choices[name].configuration[0, fold]
            assert picked == expected[0, 0]
            assert choices[name].steps[0, fold] == fits[name][picked].step
            stopped.update(fit.step for fit in fits[name])
        picked = choices["validation"].configuration[0, fold]
        np.testing.assert_allclose(
            choices["validation"].predictions[0, fold],
            fits["validation"][picked].prediction,
            atol=TOLERANCE,
        )
        refit = train(
            values, task.targets, outer, normalisation, solver,
            *grid(solver)[choices["nested"].configuration[0, fold]],
            fixed_steps=int(choices["nested"].steps[0, fold]), cross_entropy=True,
        )  # fmt: skip
        np.testing.assert_allclose(
            choices["nested"].predictions[0, fold], refit.prediction, atol=TOLERANCE
        )
    assert len(stopped) > 4  # the data exercise early stopping at different steps


@pytest.mark.parametrize("normalisation", ["zscore", "center", "none"])
def test_the_bias_learns_how_many_movies_are_possible(normalisation):
    """With features that say nothing the logit must become the log odds."""
    scenes = np.repeat(np.arange(30), 4)
    possible = np.tile([1, 1, 1, 0], 30)
    solver = GradientSolver(
        method="adamw", steps=400, patience=400, learning_rates=(0.05,), weight_decays=(0.0,)
    )
    probe = plausibility_spec(normalisation=normalisation, selected_by="clip_accuracy")
    features = torch.full((1, 120, 4), 2.0 if normalisation != "none" else 0.0)
    for choice in fit_layers(make_task(possible, scenes, probe, solver), features).values():
        np.testing.assert_allclose(choice.predictions, np.log(3), atol=1e-3)


def test_movies_with_the_same_features_get_the_same_prediction():
    """Whatever order a matrix product adds them up in."""
    scenes = group_ids(LABELS, "scene", 0)
    task = make_task(LABELS["possible"].to_numpy(), scenes, plausibility_spec(), SOLVER)
    features = torch.arange(3.0)[torch.tensor([[0, 1, 0, 1, 2]])][..., None]
    predictions = np.tile([1.0, 2.0, 1.0, 2.0, 3.0], (1, 2, 1))[..., None]
    rounded = predictions + np.spacing(predictions) * np.arange(5)[:, None]
    settled = task.settle(rounded, features)
    assert settled.shape == (1, 2, 5, 1)
    for fold in settled[0, ..., 0]:
        assert fold[0] == fold[2] and fold[1] == fold[3]
