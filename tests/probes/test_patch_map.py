"""One map for all patches: moments against rows fitted one by one."""

import numpy as np
import pytest
import torch
from one_by_one import pooled_r2, statistics, train
from probe_data import design, features
from sklearn.linear_model import Ridge

from pez.features.paths import FeatureKey, feature_path
from pez.features.store import FeatureStore, PatchShard
from pez.probes.run import run_probe
from pez.recipes.groupings import group_ids
from pez.recipes.spec import GradientSolver, ProbeSpec, RidgeSolver
from pez.recipes.splits import inner_split, outer_splits
from pez.recipes.targets import target_values
from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import write_tensors
from pez.solvers import patch_map
from pez.solvers.cells import cells_of
from pez.solvers.patch_map import fit_patch_map, gather
from pez.solvers.selection import grid
from pez.solvers.task import Task

LABELS = design(7, 4, 3)
PATCHES, WIDTH = 3, 23
TOLERANCE = 1e-4


def tokens(seed: int) -> np.ndarray:
    """Patches that know the motion together better than alone, float16 [n, P, D]."""
    rng = np.random.default_rng(seed)
    noise = 4 * rng.normal(size=(len(LABELS), PATCHES, WIDTH))
    return (features(LABELS, WIDTH, seed)[:, None] + noise).astype(np.float16)


LAYERS = [tokens(seed) for seed in range(2)]
LAYERS[0][..., 5] = 7.0  # constant everywhere


def spec(**changes) -> ProbeSpec:
    known = {
        "dataset": "velocity", "target": "velocity_xy", "capture": "resid_post",
        "pooling": "temporal_last_patch", "grouping": "condition", "normalisation": "zscore",
        "solver": "here", "folds": 3, "patch_map": "shared",
    }  # fmt: skip
    return ProbeSpec.model_validate(known | changes)


def solver(method: str = "adamw", start: str = "zero") -> GradientSolver:
    return GradientSolver(
        method=method, steps=70, patience=6, learning_rates=(3e-3, 3e-2, 0.1),
        weight_decays=(0.01, 0.8), start=start,
    )  # fmt: skip


def make_task(probe: ProbeSpec, solver) -> Task:
    groups = group_ids(LABELS, probe.grouping, probe.seed)
    outer = outer_splits(groups, "p", probe)
    inner = [inner_split(split, groups, "p", probe) for split in outer]
    values = target_values(LABELS, probe.target)
    return Task(values, outer, inner, probe.selections, probe.normalisation, solver, 1 << 30)


def shards(layer: np.ndarray, size: int = 30) -> list[PatchShard]:
    starts = range(0, len(layer), size)
    parts = [torch.from_numpy(layer[start : start + size]) for start in starts]
    return [PatchShard(number, number * size, part) for number, part in enumerate(parts)]


def fitted(task: Task, layers: list[np.ndarray], device: str = "cpu"):
    torch.set_float32_matmul_precision("highest")
    cells = cells_of([*task.outer, *task.inner])
    return fit_patch_map(
        task, [gather(shards(layer), cells, task.targets, device) for layer in layers]
    )


@pytest.mark.parametrize(
    ("target", "normalisation", "method", "start"),
    [
        ("velocity_xy", "zscore", "adamw", "zero"),
        ("speed", "zscore", "adam_l2", "pytorch"),
        ("velocity_xy", "center", "adamw", "pytorch"),
        ("velocity_xy", "center", "adam_l2", "zero"),
        ("speed", "none", "adamw", "zero"),
        ("velocity_xy", "none", "adam_l2", "pytorch"),
    ],
)
def test_fits_equal_torch_optim_on_all_rows(target, normalisation, method, start):
    task = make_task(spec(target=target, normalisation=normalisation), solver(method, start))
    layers = [layer.copy() for layer in LAYERS]
    if start == "zero":  # no weight grows on what is constant in the training rows alone
        layers[1][task.outer[0].train, :, 9] = 2.0
    choices = fitted(task, layers)
    pairs, scale, stopped = grid(task.solver), task.targets.std(), set()
    for layer, values in enumerate(layers):
        for fold, outer in list(enumerate(task.outer))[: 1 + layer]:
            fits = {}
            for name, split in (("validation", outer), ("nested", task.inner[fold])):
                fits[name] = [
                    train(values, task.targets, split, normalisation, task.solver, *pair)
                    for pair in pairs
                ]
                scores = np.array(
                    [pooled_r2(task.targets, fit.prediction, split.held_out) for fit in fits[name]]
                )
                picked = choices[name].configuration[layer, fold]
                assert scores[picked] == pytest.approx(scores.max(), abs=TOLERANCE)
                assert choices[name].steps[layer, fold] == fits[name][picked].step
                stopped.update(fit.step for fit in fits[name])
            best = fits["validation"][choices["validation"].configuration[layer, fold]]
            refit = train(
                values, task.targets, outer, normalisation, task.solver,
                *pairs[choices["nested"].configuration[layer, fold]],
                fixed_steps=int(choices["nested"].steps[layer, fold]),
            )  # fmt: skip
            for name, expected in (("validation", best), ("nested", refit)):
                found = choices[name].predictions[layer, fold][outer.held_out]
                np.testing.assert_allclose(
                    found / scale, expected.prediction[outer.held_out] / scale, atol=TOLERANCE
                )
    assert len(stopped) > 5  # the data exercise early stopping at many different steps


@pytest.mark.parametrize("normalisation", ["zscore", "center", "none"])
def test_ridge_equals_scikit_learn_on_all_rows(normalisation):
    solver = RidgeSolver(method="ridge", alphas=(1e-2, 1.0, 1e2, 1e4))
    task = make_task(spec(normalisation=normalisation), solver)
    choices = fitted(task, LAYERS)
    for layer, values in enumerate(LAYERS):
        rows = values.astype(np.float64)

        def fit(train, alpha, rows=rows):
            known = rows[train].reshape(-1, WIDTH)
            mean, scale = statistics(known, normalisation)
            targets = np.repeat(task.targets[train], PATCHES, axis=0)
            model = Ridge(alpha).fit((known - mean) / scale, targets)
            return model.predict((rows.mean(axis=1) - mean) / scale)

        for fold, outer in enumerate(task.outer):
            for name, split in (("validation", outer), ("nested", task.inner[fold])):
                scores = [
                    pooled_r2(task.targets, fit(split.train, alpha), split.held_out)
                    for alpha in solver.alphas
                ]
                picked = choices[name].configuration[layer, fold]
                assert picked == np.argmax(scores)
                np.testing.assert_allclose(
                    choices[name].predictions[layer, fold],
                    fit(outer.train, solver.alphas[picked]),
                    atol=1e-5,
                )


def test_with_one_patch_it_is_the_ordinary_probe():
    layers = [layer[:, :1] for layer in LAYERS]
    probe = spec(normalisation="center")
    shared, _ = run_probe(
        "p", probe, solver(), no_layer, 2, LABELS, "cpu",
        load_patches=lambda layer: shards(layers[layer]),
    )  # fmt: skip
    flat, _ = run_probe(
        "p", probe.model_copy(update={"patch_map": "flattened"}), solver(),
        lambda layer: layers[layer][:, 0].astype(np.float32), 2, LABELS, "cpu",
    )  # fmt: skip
    assert (shared.steps == flat.steps).all()
    np.testing.assert_allclose(shared.value, flat.value, atol=1e-3)


def no_layer(layer: int) -> np.ndarray:
    raise AssertionError("patches are not flattened")


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_shards_and_batches_change_no_byte_or_nothing(threads, monkeypatch):
    def run(threads: int, size: int):
        return run_probe(
            "p", spec(), solver(), no_layer, 2, LABELS, "cpu", threads,
            load_patches=lambda layer: shards(LAYERS[layer], size),
        )[1].prediction.to_numpy()  # fmt: skip

    expected = run(1, 30)
    np.testing.assert_array_equal(run(threads, 30), expected)
    monkeypatch.setattr(patch_map, "BATCH_ROWS", 2 * PATCHES)
    np.testing.assert_allclose(run(threads, 17), expected, atol=1e-3)


def test_last_minus_first_is_taken_clip_by_clip():
    first, last = (torch.from_numpy(layer) for layer in LAYERS)
    found = PatchShard(0, 0, last, first).clips(torch.tensor([3, 1]), "cpu")
    expected = LAYERS[1][[3, 1]].astype(np.float32) - LAYERS[0][[3, 1]].astype(np.float32)
    np.testing.assert_array_equal(found.numpy(), expected)


@pytest.mark.parametrize("clips", [60, 90])
def test_patches_of_other_clips_are_refused(clips):
    task = make_task(spec(), solver())
    cells = cells_of([*task.outer, *task.inner])
    wrong = np.resize(LAYERS[0], (clips, PATCHES, WIDTH))
    with pytest.raises(ArtifactError, match="extract the features again"):
        gather(shards(wrong), cells, task.targets, "cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("start", ["zero", "pytorch"])
@pytest.mark.parametrize("normalisation", ["zscore", "center", "none"])
def test_a_gpu_gives_what_the_cpu_gives(normalisation, start):
    task = make_task(spec(normalisation=normalisation), solver("adam_l2", start))
    cpu, gpu = fitted(task, LAYERS), fitted(task, LAYERS, "cuda")
    for selection in ("validation", "nested"):
        np.testing.assert_array_equal(gpu[selection].steps, cpu[selection].steps)
        np.testing.assert_allclose(
            gpu[selection].predictions, cpu[selection].predictions, atol=1e-4 * task.targets.std()
        )


@pytest.mark.parametrize("pooling", ["temporal_last_patch", "temporal_diff_patch", "all_patch"])
def test_the_store_gives_the_patches_that_poolings_flatten(tmp_path, pooling):
    for view in ("first_tubelet_patches", "last_tubelet_patches", "all_patches"):
        layer = LAYERS[view.startswith("first")]
        for number in range(2):
            path = feature_path(tmp_path, FeatureKey(view, 1, number))
            part = layer[50 * number : 50 * (number + 1)]
            write_tensors(path, {"features": part}, {"view": view, "stream": 1})
    store = FeatureStore(tmp_path, layers=1, shards=2)
    found = list(store.patch_shards(0, "resid_post", pooling))
    assert [(shard.number, shard.first) for shard in found] == [(0, 0), (1, 50)]
    assert all(shard.patches.dtype == torch.float16 for shard in found)
    whole = torch.cat([shard.clips(torch.arange(len(shard.patches)), "cpu") for shard in found])
    expected = store.features(0, "resid_post", pooling)
    np.testing.assert_array_equal(whole.flatten(1).numpy(), expected)
