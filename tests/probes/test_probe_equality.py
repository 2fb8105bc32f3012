"""The batched optimisation against one fit at a time."""

import numpy as np
import pytest
import torch
from one_by_one import pooled_r2, statistics, sweep, train
from probe_data import design, features
from sklearn.linear_model import Ridge

from pez.recipes.groupings import group_ids
from pez.recipes.spec import GradientSolver, ProbeSpec, RidgeSolver
from pez.recipes.splits import inner_split, outer_splits
from pez.recipes.targets import target_values
from pez.solvers.selection import BLOCK_COLUMNS, Task, fit_layers, grid

LABELS = design(7, 4, 3)
LAYERS = [features(LABELS, 37, seed) for seed in range(2)]
LAYERS[0][:, 5] = 7.0  # constant everywhere
TOLERANCE = 1e-4


def spec(**changes) -> ProbeSpec:
    return ProbeSpec.model_validate(
        {
            "dataset": "velocity",
            "target": "velocity_xy",
            "capture": "resid_post",
            "pooling": "mean",
            "grouping": "condition",
            "normalisation": "zscore",
            "solver": "here",
            "folds": 3,
        }
        | changes
    )


def gradient_solver(method: str) -> GradientSolver:
    return GradientSolver(
        method=method,
        steps=70,
        patience=6,
        learning_rates=(3e-3, 3e-2, 0.1),
        weight_decays=(0.01, 0.8),
    )


def make_task(probe: ProbeSpec, solver, memory: int = 1 << 30) -> Task:
    groups = group_ids(LABELS, probe.grouping, probe.seed)
    outer = outer_splits(groups, "p", probe)
    inner = [inner_split(split, groups, "p", probe) for split in outer]
    values = target_values(LABELS, probe.target)
    return Task(values, outer, inner, probe.selections, probe.normalisation, solver, memory)


@pytest.mark.parametrize("method", ["adamw", "adam_l2"])
@pytest.mark.parametrize(
    ("target", "normalisation"),
    [("velocity_xy", "zscore"), ("speed", "zscore"), ("velocity_xy", "center"), ("speed", "none")],
)
def test_batched_fits_equal_torch_optim_one_at_a_time(method, target, normalisation):
    task = make_task(spec(target=target, normalisation=normalisation), gradient_solver(method))
    # constant in the training rows of fold 0 and nowhere else: no weight may grow on it
    layers = [layer.copy() for layer in LAYERS]
    layers[1][task.outer[0].train, 9] = 2.0
    choices = fit_layers(task, torch.from_numpy(np.stack(layers)))

    stopped_early = set()
    for layer, values in enumerate(layers):
        for fold, outer in enumerate(task.outer):
            fits, scores, pairs = sweep(values, task.targets, outer, normalisation, task.solver)
            stopped_early.update(fit.step for fit in fits)
            picked = choices["validation"].configuration[layer, fold]
            assert scores[picked] == pytest.approx(scores.max(), abs=TOLERANCE)
            held_out = choices["validation"].predictions[layer, fold][outer.held_out]
            expected = fits[picked].prediction[outer.held_out]
            scale = task.targets.std()
            np.testing.assert_allclose(held_out / scale, expected / scale, atol=TOLERANCE)

            fits, scores, pairs = sweep(
                values, task.targets, task.inner[fold], normalisation, task.solver
            )
            picked = choices["nested"].configuration[layer, fold]
            assert scores[picked] == pytest.approx(scores.max(), abs=TOLERANCE)
            steps = choices["nested"].steps[layer, fold]
            refit = train(
                values, task.targets, outer, normalisation, task.solver, *pairs[picked],
                fixed_steps=int(steps),
            )  # fmt: skip
            nested = choices["nested"].predictions[layer, fold]
            np.testing.assert_allclose(
                nested[outer.held_out] / scale,
                refit.prediction[outer.held_out] / scale,
                atol=TOLERANCE,
            )
            assert steps == fits[picked].step
    assert len(stopped_early) > 5  # the data exercise early stopping at many different steps


def test_scores_equal_those_of_a_loop_that_trains_the_needless_bias():
    """See one_by_one: such a bias is noise of size lr, and the score hardly feels it."""
    solver = GradientSolver(
        method="adamw", steps=400, patience=40, learning_rates=(1e-3, 5e-3), weight_decays=(0.1,)
    )
    task = make_task(spec(selections=("validation",)), solver)
    found = fit_layers(task, torch.from_numpy(LAYERS[1])[None])["validation"]
    for fold, outer in enumerate(task.outer):
        _, scores, _ = sweep(LAYERS[1], task.targets, outer, "zscore", solver, bias=True)
        reported = pooled_r2(task.targets, found.predictions[0, fold], outer.held_out)
        assert reported == pytest.approx(scores.max(), abs=3e-4)


def test_nested_alone_equals_nested_beside_validation():
    both = make_task(spec(), gradient_solver("adamw"))
    alone = make_task(spec(selections=("nested",)), gradient_solver("adamw"))
    stacked = torch.from_numpy(np.stack(LAYERS))
    expected, found = fit_layers(both, stacked)["nested"], fit_layers(alone, stacked)["nested"]
    np.testing.assert_array_equal(found.configuration, expected.configuration)
    np.testing.assert_array_equal(found.steps, expected.steps)
    np.testing.assert_allclose(found.predictions, expected.predictions, atol=1e-4)


def test_blocks_of_columns_and_batches_of_fits_change_nothing(monkeypatch):
    whole = fit_layers(
        make_task(spec(), gradient_solver("adamw")), torch.from_numpy(LAYERS[0])[None]
    )
    monkeypatch.setitem(BLOCK_COLUMNS, "cpu", 10)
    small = make_task(spec(), gradient_solver("adamw"), memory=40_000)  # a few fits at a time
    parts = fit_layers(small, torch.from_numpy(LAYERS[0])[None])
    for selection in ("validation", "nested"):
        np.testing.assert_allclose(
            parts[selection].predictions, whole[selection].predictions, atol=1e-3
        )


@pytest.mark.parametrize("normalisation", ["zscore", "center", "none"])
def test_ridge_equals_scikit_learn(normalisation):
    solver = RidgeSolver(method="ridge", alphas=(1e-2, 1.0, 1e2, 1e4))
    task = make_task(spec(normalisation=normalisation), solver)
    choices = fit_layers(task, torch.from_numpy(LAYERS[1])[None])
    values = LAYERS[1].astype(np.float64)

    def fit(rows, alpha):
        mean, scale = statistics(values[rows], normalisation)
        model = Ridge(alpha).fit(((values - mean) / scale)[rows], task.targets[rows])
        return model.predict((values - mean) / scale)

    for fold, outer in enumerate(task.outer):
        for selection, split in (("validation", outer), ("nested", task.inner[fold])):
            scores = [
                pooled_r2(task.targets, fit(split.train, alpha), split.held_out)
                for alpha in solver.alphas
            ]
            picked = choices[selection].configuration[0, fold]
            assert picked == np.argmax(scores)
            np.testing.assert_allclose(
                choices[selection].predictions[0, fold],
                fit(outer.train, solver.alphas[picked]),
                atol=1e-7,
            )


def test_the_grid_is_every_pair_of_rate_and_decay():
    pairs = grid(gradient_solver("adamw"))
    assert pairs.tolist() == [[lr, wd] for lr in (3e-3, 3e-2, 0.1) for wd in (0.01, 0.8)]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("normalisation", ["zscore", "center", "none"])
@pytest.mark.parametrize("method", ["adamw", "adam_l2", "ridge"])
def test_a_gpu_gives_what_the_cpu_gives(method, normalisation):
    ridge = RidgeSolver(method="ridge", alphas=(1.0, 1e3))
    solver = ridge if method == "ridge" else gradient_solver(method)
    task = make_task(spec(normalisation=normalisation), solver)
    stacked = torch.from_numpy(np.stack(LAYERS))
    cpu, gpu = fit_layers(task, stacked), fit_layers(task, stacked.cuda())
    for selection in ("validation", "nested"):
        np.testing.assert_array_equal(gpu[selection].steps, cpu[selection].steps)
        np.testing.assert_allclose(
            gpu[selection].predictions, cpu[selection].predictions, atol=1e-4 * task.targets.std()
        )
