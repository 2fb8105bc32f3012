"""A whole probe: every layer of an encoder, under grouped cross-validation, as tidy tables."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import numpy as np
import pandas as pd
import torch

from pez.features.store import PatchShard, Shard, is_finite
from pez.probes.in_view import leave_out_absent
from pez.probes.tables import Probe, prediction_rows, result_rows
from pez.recipes.columns import CategoryTarget
from pez.recipes.groupings import probe_groups
from pez.recipes.spec import (
    AnySolver,
    AttentiveSolver,
    GradientSolver,
    PlausibilityProbeSpec,
    ProbeSpec,
    RidgeSolver,
    Selection,
)
from pez.recipes.splits import inner_split, outer_splits
from pez.recipes.targets import probe_targets
from pez.runtime.errors import ArtifactError, ConfigError
from pez.runtime.progress import progress
from pez.scores.plausibility import check_movies, shuffled
from pez.scores.regression import is_constant
from pez.solvers.cells import cells_of
from pez.solvers.patch_map import fit_patch_map, gather, statistics_bytes
from pez.solvers.ridge_primal import fit_shards, prefers_primal, working_bytes
from pez.solvers.selection import fit_bytes, fit_layers, grid
from pez.solvers.task import Choice, ClassificationTask, PlausibilityTask, Task

log = logging.getLogger(__name__)

CPU_MEMORY = 4 << 30  # bytes for one batch of fits: 100 fits of two outputs on 262,144 features
CUDA_SHARE = 0.6  # of the free memory of a GPU; the rest is for the features and their copies

LoadLayer = Callable[[int], np.ndarray]
LoadShards = Callable[[int], Iterable[Shard]]
LoadPatches = Callable[[int], Iterable[PatchShard]]


def run_probe(
    name: str,
    spec: ProbeSpec,
    solver: AnySolver,
    load_layer: LoadLayer,
    layers: int,
    labels: pd.DataFrame,
    device: str,
    threads: int = 1,
    width: int | None = None,
    load_shards: LoadShards | None = None,
    load_patches: LoadPatches | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit probe ``name`` to all layers and judge it.

    On a CPU each thread fits a layer of its own with single-threaded operations: nothing waits at
    a barrier, and the result has the same bytes for any number of threads. Attentive probes are
    large: they take one layer after the other, with all threads in every operation.

    Args:
        name: of the probe, for messages.
        spec: target, grouping, normalisation, folds and selections.
        solver: what ``spec.solver`` names.
        load_layer: gives the pooled features of a layer, float32 [n, D]; called from any thread.
        layers: number of layers.
        labels: one row per clip, in the order of the features; ``spec.clips`` says which are read.
        device: "cpu" or "cuda".
        threads: layers fitted at the same time on a CPU.
        width: features of a token, for an attentive solver.
        load_shards: gives the same features shard by shard. Where given, ridge on more clips than
            features makes two passes over it, and memory does not grow with the features.
        load_patches: gives the patches of a layer shard by shard, for a map that patches share.

    Returns:
        Results (one row per layer, selection, fold, subset and metric) and out-of-fold predictions
        (one row per layer, selection, clip and output).

    Raises:
        ArtifactError: features or labels are not what they should be.
        ConfigError: more folds than groups.
    """
    torch.set_float32_matmul_precision("highest")  # no TF32: results must equal the reference
    if spec.clips == "in_view":
        labels, load_layer, load_shards, load_patches = leave_out_absent(
            name, labels, load_layer, load_shards, load_patches
        )
    task = _task(name, spec, solver, labels, device, threads)
    probe = Probe(spec, task, labels, _degenerate_folds(name, task))
    shared = spec.patch_map == "shared"
    read, threads = _streamed(task, None if shared else load_shards, threads)

    def fit(chunk: range) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
        if read is not None:
            return tables_of(chunk, fit_shards(task, partial(read, chunk[0]), device))
        if shared:
            return tables_of(chunk, _fit_patches(task, load_patches, chunk, device))
        loaded = [checked_features(load_layer, layer, name, len(labels)) for layer in chunk]
        if isinstance(solver, AttentiveSolver):
            choices = _fit_tokens(task, solver, loaded[0], width, device)
        else:
            choices = fit_layers(task, torch.from_numpy(_stacked(loaded)).to(device))
        return tables_of(chunk, choices)

    def tables_of(
        chunk: range, choices: dict[Selection, Choice]
    ) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
        return [
            (result_rows(probe, *where), prediction_rows(probe, *where))
            for index, layer in enumerate(chunk)
            for selection in spec.selections
            for where in [(layer, selection, choices[selection], index)]
        ]

    side_by_side = device == "cpu" and not isinstance(solver, AttentiveSolver)
    size = 1
    if device != "cpu":
        size = _layers_at_once(task, load_layer, load_patches if shared else None)
    chunks = [range(first, min(first + size, layers)) for first in range(0, layers, size)]
    tables: list[tuple[pd.DataFrame, pd.DataFrame]] = []
    with (
        _operation_threads(1 if side_by_side else threads),
        ThreadPoolExecutor(threads if side_by_side else 1) as pool,
        progress(None, f"probe {name}", total=layers, unit="layer") as bar,
    ):
        for chunk, fitted in zip(chunks, pool.map(fit, chunks), strict=True):
            tables += fitted
            bar.update(len(chunk))
    results, predictions = zip(*tables, strict=True)
    return pd.concat(results, ignore_index=True), pd.concat(predictions, ignore_index=True)


def _streamed(
    task: Task, load_shards: LoadShards | None, threads: int
) -> tuple[LoadShards | None, int]:
    """Return ``load_shards`` if layers are to be read shard by shard, and how many at a time."""
    if load_shards is None or not isinstance(task.solver, RidgeSolver):
        return None, threads
    width = next(iter(load_shards(0))).features.shape[1]
    clips, outputs = task.targets.shape
    if not prefers_primal(clips, width):
        return None, threads
    cells = cells_of([*task.outer, *task.inner]).train.shape[1]
    return load_shards, max(1, min(threads, CPU_MEMORY // working_bytes(cells, width, outputs)))


@contextmanager
def _operation_threads(threads: int) -> Iterator[None]:
    """Let a torch operation use ``threads`` threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _stacked(layers: Sequence[np.ndarray]) -> np.ndarray:
    """Features [layers, n, D]; those of one layer are not copied, they may be gigabytes."""
    return layers[0][None] if len(layers) == 1 else np.stack(layers)


def checked_features(load_layer: LoadLayer, layer: int, name: str, clips: int) -> np.ndarray:
    """Features of ``layer``, float32 [clips, D].

    Raises:
        ArtifactError: wrong shape, or values that are not finite.
    """
    features = np.ascontiguousarray(load_layer(layer), dtype=np.float32)
    if features.ndim != 2 or len(features) != clips:
        raise ArtifactError(
            f"probe {name}: features of layer {layer} have shape {features.shape}, and the labels "
            f"name {clips} clips: extract the features again."
        )
    if not is_finite(torch.from_numpy(features)):
        finite = np.isfinite(features)
        clip = int(np.flatnonzero(~finite.all(axis=1))[0])
        raise ArtifactError(
            f"probe {name}: {int((~finite).sum())} features of layer {layer} are NaN or infinite, "
            f"first in clip number {clip}: extract the features again (precision fp32 if the "
            "encoder overflows in bf16)."
        )
    return features


def _fit_tokens(
    task: Task, solver: AttentiveSolver, features: np.ndarray, width: int | None, device: str
) -> dict[Selection, Choice]:
    """Fit an attentive probe to one layer, ``features`` [n, tokens x width] flattened."""
    from pez.solvers.attentive import fit_attentive  # other probes do without its modules

    assert isinstance(task, PlausibilityTask)  # the configuration allows no other
    if width is None or features.shape[1] % width:
        raise ArtifactError(
            f"{features.shape[1]} features of a clip are no whole number of tokens of width "
            f"{width}: extract the features again."
        )
    tokens = torch.from_numpy(features).unflatten(1, (-1, width))
    return fit_attentive(task, solver, tokens, device)


def _fit_patches(
    task: Task, load_patches: LoadPatches | None, layers: Iterable[int], device: str
) -> dict[Selection, Choice]:
    """Fit a map that patches share to some layers, the patches of one in memory at a time."""
    if load_patches is None:
        raise ValueError("a shared patch map needs load_patches")
    cells = cells_of([*task.outer, *task.inner])
    return fit_patch_map(
        task, [gather(load_patches(layer), cells, task.targets, device) for layer in layers]
    )


def _task(
    name: str, spec: ProbeSpec, solver: AnySolver, labels: pd.DataFrame, device: str, threads: int
) -> Task:
    if isinstance(spec, PlausibilityProbeSpec):
        check_movies(labels, spec.dataset)
    groups = probe_groups(labels, spec)
    outer = outer_splits(groups, name, spec)
    nested = "nested" in spec.selections
    inner = [inner_split(split, groups, name, spec) for split in outer] if nested else []
    memory = CPU_MEMORY // threads
    if device == "cuda":
        memory = int(CUDA_SHARE * torch.cuda.mem_get_info()[0])
    targets = probe_targets(labels, spec)
    of_movies = isinstance(spec, PlausibilityProbeSpec)
    if isinstance(solver, GradientSolver) and solver.stopped_by != "loss" and not of_movies:
        raise ConfigError(
            f"probe {name}: solver {spec.solver!r} has stopped_by {solver.stopped_by}, and target "
            f"{spec.target} has no clips to call right or wrong: use stopped_by loss."
        )
    if not isinstance(spec, PlausibilityProbeSpec):
        if spec.labels_seed is not None:
            targets = np.random.default_rng(spec.labels_seed).permutation(targets)
        kind = ClassificationTask if isinstance(spec.target, CategoryTarget) else Task
        return kind(targets, outer, inner, spec.selections, spec.normalisation, solver, memory)
    if spec.labels_seed is not None:
        targets = shuffled(groups, spec.labels_seed)[:, None].astype(np.float64)
    return PlausibilityTask(
        targets,
        outer,
        inner,
        spec.selections,
        spec.normalisation,
        solver,
        memory,
        scenes=groups,
        selected_by=spec.selected_by,
        half_counts_as=spec.half_counts_as,
    )


def _degenerate_folds(name: str, task: Task) -> list[bool]:
    """Whether the target is constant in the held-out or the training rows of each fold."""
    if isinstance(task, ClassificationTask):
        return [False] * len(task.outer)  # accuracy is defined there
    spread = task.targets.std(axis=0)
    degenerate = []
    for fold, split in enumerate(task.outer):
        parts = {"training": split.train, "held-out": split.held_out}
        constant = [part for part, rows in parts.items() if is_constant(task.targets[rows], spread)]
        if constant:
            log.warning(
                "probe %s, fold %d: the target is constant in the %s clips, so R2 is not defined "
                "there and is written as NaN",
                name,
                fold,
                " and the ".join(constant),
            )
        degenerate.append(bool(constant))
    return degenerate


def _layers_at_once(task: Task, load_layer: LoadLayer, load_patches: LoadPatches | None) -> int:
    """Layers that fit a GPU's memory together; only gradient descent has many small products."""
    if not isinstance(task.solver, GradientSolver):
        return 1
    if load_patches is not None:
        width = next(iter(load_patches(0))).patches.shape[2]
        cells, fits = cells_of([*task.outer, *task.inner]), len(task.outer) * len(grid(task.solver))
        of_layer = statistics_bytes(task, cells, width) + fits * fit_bytes(task, width)
        return max(1, task.memory // of_layer)
    width = load_layer(0).shape[1]
    fits = len(task.outer) * len(grid(task.solver))
    features = 5 * 4 * len(task.targets) * width  # as loaded, the shared matrix, its making
    return max(1, task.memory // (fits * fit_bytes(task, width) + features))
