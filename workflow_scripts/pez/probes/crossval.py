"""A whole probe: every layer of an encoder, under grouped cross-validation, as tidy tables."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch

from pez.features.store import Shard
from pez.probes.catalogue import TARGETS
from pez.probes.cells import cells_of
from pez.probes.groupings import group_ids
from pez.probes.metrics import fold_metrics, is_constant
from pez.probes.primal import prefers_primal, working_bytes
from pez.probes.selection import Choice, Task, fit_bytes, fit_layers, fit_shards, grid
from pez.probes.spec import GradientSolver, ProbeSpec, RidgeSolver, Selection
from pez.probes.splits import inner_split, outer_splits
from pez.probes.targets import target_values
from pez.runtime.errors import ArtifactError
from pez.runtime.progress import progress

log = logging.getLogger(__name__)

CPU_MEMORY = 4 << 30  # bytes for one batch of fits: 100 fits of two outputs on 262,144 features
CUDA_SHARE = 0.6  # of the free memory of a GPU; the rest is for the features and their copies

LoadLayer = Callable[[int], np.ndarray]
LoadShards = Callable[[int], Iterable[Shard]]


def run_probe(
    name: str,
    spec: ProbeSpec,
    solver: GradientSolver | RidgeSolver,
    load_layer: LoadLayer,
    layers: int,
    labels: pd.DataFrame,
    device: str,
    threads: int = 1,
    load_shards: LoadShards | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit probe ``name`` to all layers and judge it.

    On a CPU each thread fits a layer of its own with single-threaded operations: nothing waits at
    a barrier, and the result has the same bytes for any number of threads.

    Args:
        name: of the probe, for messages.
        spec: target, grouping, normalisation, folds and selections.
        solver: what ``spec.solver`` names.
        load_layer: gives the pooled features of a layer, float32 [n, D]; called from any thread.
        layers: number of layers.
        labels: one row a clip, in the order of the features.
        device: "cpu" or "cuda".
        threads: layers fitted at the same time on a CPU.
        load_shards: gives the same features shard by shard. Where given, ridge on more clips than
            features makes two passes over it, and memory does not grow with the features.

    Returns:
        Results (one row per layer, selection, fold and metric) and out-of-fold predictions (one
        row per layer, selection, clip and output).

    Raises:
        ArtifactError: features or labels are not what they should be.
        ConfigError: more folds than groups.
    """
    torch.set_float32_matmul_precision("highest")  # no TF32: results must equal the reference
    probe = _Probe(name, spec, _task(name, spec, solver, labels, device, threads), labels)
    degenerate = _degenerate_folds(probe)
    read, threads = _streamed(probe.task, load_shards, threads)

    def fit(chunk: range) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
        if read is not None:
            choices = fit_shards(probe.task, partial(read, chunk[0]), device)
        else:
            loaded = [checked_features(load_layer, layer, name, len(labels)) for layer in chunk]
            choices = fit_layers(probe.task, torch.from_numpy(np.stack(loaded)).to(device))
        return [
            (_result_rows(probe, degenerate, *where), _prediction_rows(probe, *where))
            for index, layer in enumerate(chunk)
            for selection in spec.selections
            for where in [(layer, selection, choices[selection], index)]
        ]

    size = 1 if device == "cpu" else _layers_at_once(probe.task, load_layer)
    chunks = [range(first, min(first + size, layers)) for first in range(0, layers, size)]
    tables: list[tuple[pd.DataFrame, pd.DataFrame]] = []
    with (
        _operation_threads(1 if device == "cpu" else threads),
        ThreadPoolExecutor(threads if device == "cpu" else 1) as pool,
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


@dataclass(frozen=True)
class _Probe:
    name: str
    spec: ProbeSpec
    task: Task
    labels: pd.DataFrame


@contextmanager
def _operation_threads(threads: int) -> Iterator[None]:
    """Let a torch operation use ``threads`` threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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
    finite = np.isfinite(features)
    if not finite.all():
        clip = int(np.flatnonzero(~finite.all(axis=1))[0])
        raise ArtifactError(
            f"probe {name}: {int((~finite).sum())} features of layer {layer} are NaN or infinite, "
            f"first in clip number {clip}: extract the features again (precision fp32 if the "
            "encoder overflows in bf16)."
        )
    return features


def _task(
    name: str,
    spec: ProbeSpec,
    solver: GradientSolver | RidgeSolver,
    labels: pd.DataFrame,
    device: str,
    threads: int,
) -> Task:
    groups = group_ids(labels, spec.grouping, spec.seed)
    outer = outer_splits(groups, name, spec)
    nested = "nested" in spec.selections
    inner = [inner_split(split, groups, name, spec) for split in outer] if nested else []
    memory = CPU_MEMORY // threads
    if device == "cuda":
        memory = int(CUDA_SHARE * torch.cuda.mem_get_info()[0])
    targets = target_values(labels, spec.target)
    return Task(targets, outer, inner, spec.selections, spec.normalisation, solver, memory)


def _degenerate_folds(probe: _Probe) -> list[bool]:
    """Whether the target is constant in the held-out or the training rows of each fold."""
    task = probe.task
    spread = task.targets.std(axis=0)
    degenerate = []
    for fold, split in enumerate(task.outer):
        parts = {"training": split.train, "held-out": split.held_out}
        constant = [part for part, rows in parts.items() if is_constant(task.targets[rows], spread)]
        if constant:
            log.warning(
                "probe %s, fold %d: the target is constant in the %s clips, so R2 is not defined "
                "there and is written as NaN",
                probe.name,
                fold,
                " and the ".join(constant),
            )
        degenerate.append(bool(constant))
    return degenerate


def _layers_at_once(task: Task, load_layer: LoadLayer) -> int:
    """Layers that fit a GPU's memory together; ridge needs no batching, its products are large."""
    if isinstance(task.solver, RidgeSolver):
        return 1
    width = load_layer(0).shape[1]
    fits = len(task.outer) * len(grid(task.solver))
    features = 5 * 4 * len(task.targets) * width  # as loaded, the shared matrix, its making
    return max(1, task.memory // (fits * fit_bytes(task, width) + features))


def _hyper_parameters(task: Task, choice: Choice, layer: int, fold: int) -> dict[str, float]:
    picked = int(choice.configuration[layer, fold])
    nan = float("nan")
    if isinstance(task.solver, RidgeSolver):
        values = (nan, nan, nan, task.solver.alphas[picked])
    else:
        rate, decay = grid(task.solver)[picked]
        values = (float(rate), float(decay), float(choice.steps[layer, fold]), nan)
    return dict(zip(("learning_rate", "weight_decay", "steps", "alpha"), values, strict=True))


def _result_rows(
    probe: _Probe,
    degenerate: Sequence[bool],
    layer: int,
    selection: Selection,
    choice: Choice,
    index: int,
) -> pd.DataFrame:
    task, rows = probe.task, []
    for fold, split in enumerate(task.outer):
        predicted = choice.predictions[index, fold][split.held_out]
        values = fold_metrics(
            task.targets[split.held_out], predicted, TARGETS[probe.spec.target].angle
        )
        if degenerate[fold]:
            values["r2"] = float("nan")
        where = {"layer": layer, "selection": selection, "fold": fold}
        sizes = {"n_train": int(split.train.sum()), "n_test": int(split.held_out.sum())}
        chosen = _hyper_parameters(task, choice, index, fold)
        rows += [
            where | {"metric": metric, "value": value} | sizes | chosen
            for metric, value in values.items()
        ]
    return pd.DataFrame(rows)


def _prediction_rows(
    probe: _Probe,
    layer: int,
    selection: Selection,
    choice: Choice,
    index: int,
) -> pd.DataFrame:
    task, outputs = probe.task, TARGETS[probe.spec.target].outputs
    clip_ids = probe.labels["clip_id"].to_numpy()
    tables = []
    for fold, split in enumerate(task.outer):
        clips = clip_ids[split.held_out]
        tables.append(
            pd.DataFrame(
                {
                    "layer": layer,
                    "selection": selection,
                    "fold": fold,
                    "clip_id": np.repeat(clips, len(outputs)),
                    "output": np.tile(outputs, len(clips)),
                    "target": task.targets[split.held_out].ravel(),
                    "prediction": choice.predictions[index, fold][split.held_out].ravel(),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)
