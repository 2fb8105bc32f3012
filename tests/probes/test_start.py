"""Gradient descent from the weights of a fresh torch layer."""

import numpy as np
import pytest
import torch
from one_by_one import sweep, train
from probe_data import design, features

from pez.recipes.groupings import group_ids
from pez.recipes.spec import GradientSolver, ProbeSpec
from pez.recipes.splits import inner_split, outer_splits
from pez.recipes.targets import target_values
from pez.solvers.selection import BLOCK_COLUMNS, Task, fit_layers
from pez.solvers.start import first_weights

LABELS = design(7, 4, 3)
LAYERS = np.stack([features(LABELS, 37, seed) for seed in range(2)])
TOLERANCE = 1e-4


def solver(method: str = "adam_l2", **changes) -> GradientSolver:
    known = {
        "method": method, "steps": 70, "patience": 6, "learning_rates": (3e-3, 3e-2, 0.1),
        "weight_decays": (0.01, 0.8), "start": "pytorch",
    }  # fmt: skip
    return GradientSolver(**known | changes)


def make_task(solver, target="velocity_xy", normalisation="zscore", memory=1 << 30) -> Task:
    probe = ProbeSpec(
        dataset="velocity", target=target, capture="resid_post", pooling="mean",
        grouping="condition", normalisation=normalisation, solver="here", folds=3,
    )  # fmt: skip
    groups = group_ids(LABELS, probe.grouping, probe.seed)
    outer = outer_splits(groups, "p", probe)
    inner = [inner_split(split, groups, "p", probe) for split in outer]
    values = target_values(LABELS, target)
    return Task(values, outer, inner, probe.selections, normalisation, solver, memory)


@pytest.mark.parametrize("outputs", [1, 2])
def test_the_first_weights_are_those_of_a_fresh_layer_and_leave_no_trace(outputs):
    torch.manual_seed(42)
    layer = torch.nn.Linear(192, outputs)
    before = torch.get_rng_state()
    found = first_weights(solver(), 192, outputs)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(found[:, :192], layer.weight.detach().numpy())
    np.testing.assert_array_equal(found[:, 192], layer.bias.detach().numpy())
    assert not found[:, 193:].any()
    assert (first_weights(solver(start_seed=1), 192, outputs) != found).any()
    assert first_weights(solver(start="zero"), 192, outputs) is None


@pytest.mark.parametrize("method", ["adamw", "adam_l2"])
@pytest.mark.parametrize(
    ("target", "normalisation"),
    [("velocity_xy", "zscore"), ("speed", "zscore"), ("velocity_xy", "center"), ("speed", "none")],
)
def test_batched_fits_equal_torch_optim_one_at_a_time(method, target, normalisation):
    task = make_task(solver(method), target, normalisation)
    choices = fit_layers(task, torch.from_numpy(LAYERS))
    scale = task.targets.std()
    for layer, values in enumerate(LAYERS):
        for fold, outer in enumerate(task.outer):
            rows = outer.held_out
            fits, scores, pairs = sweep(values, task.targets, outer, normalisation, task.solver)
            picked = choices["validation"].configuration[layer, fold]
            assert scores[picked] == pytest.approx(scores.max(), abs=TOLERANCE)
            np.testing.assert_allclose(
                choices["validation"].predictions[layer, fold][rows] / scale,
                fits[picked].prediction[rows] / scale,
                atol=TOLERANCE,
            )
            picked = choices["nested"].configuration[layer, fold]
            refit = train(
                values, task.targets, outer, normalisation, task.solver, *pairs[picked],
                fixed_steps=int(choices["nested"].steps[layer, fold]),
            )  # fmt: skip
            np.testing.assert_allclose(
                choices["nested"].predictions[layer, fold][rows] / scale,
                refit.prediction[rows] / scale,
                atol=TOLERANCE,
            )


def test_blocks_of_columns_and_batches_of_fits_change_nothing(monkeypatch):
    layer = torch.from_numpy(LAYERS[:1])
    whole = fit_layers(make_task(solver()), layer)
    monkeypatch.setitem(BLOCK_COLUMNS, "cpu", 10)
    parts = fit_layers(make_task(solver(), memory=40_000), layer)
    for selection in ("validation", "nested"):
        np.testing.assert_allclose(
            parts[selection].predictions, whole[selection].predictions, atol=1e-3
        )
