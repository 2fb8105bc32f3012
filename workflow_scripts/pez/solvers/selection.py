"""Fit every configuration of a probe to some layers and pick one per fold, in two ways.

``validation`` picks step and configuration on the fold that is then reported, as the paper and
its reproductions do: optimistic. ``nested`` picks both on an inner split of the training rows,
fits all training rows with that choice, and looks at the reported fold once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from pez.features.store import Shard
from pez.recipes.spec import AttentiveSolver, GradientSolver, RidgeSolver, Selection
from pez.recipes.splits import Split
from pez.solvers.adam import optimise
from pez.solvers.fits import Fits
from pez.solvers.normalise import BIAS_COLUMNS, FeatureBlock, fit_targets, shared_blocks
from pez.solvers.ridge_dual import gram_matrices, ridge_predictions
from pez.solvers.ridge_primal import fit_shards, prefers_primal
from pez.solvers.start import first_weights
from pez.solvers.task import Choice, Task

# Columns of the shared matrix that are worked on together: on a CPU so few that optimiser state
# and features of a block stay in the cache; on a GPU so many that kernels are long.
BLOCK_COLUMNS = {"cpu": 2048, "cuda": 16_384}


def grid(solver: GradientSolver) -> np.ndarray:
    """Configurations of ``solver``: [count, 2], learning rate and weight decay."""
    return np.array([(rate, wd) for rate in solver.learning_rates for wd in solver.weight_decays])


class Inputs(Protocol):
    """Features of some layers, ready for gradient descent."""

    @property
    def layers(self) -> int:
        """How many layers."""

    @property
    def width(self) -> int:
        """Weights of one output."""

    def blocks(self, task: Task, splits: Sequence[Split], bias: bool) -> list[FeatureBlock]:
        """Return the features as `pez.solvers.adam.optimise` wants them."""

    def batch(self, task: Task) -> int | None:
        """Fits of every layer that memory has room for; None where that is no matter."""

    def settle(self, task: Task, predictions: np.ndarray) -> np.ndarray:
        """See `Task.settle`."""


@dataclass(frozen=True)
class ClipFeatures:
    """One feature vector a clip: float32 [layers, n, D] on the device to use."""

    features: torch.Tensor

    @property
    def layers(self) -> int:
        """See `Inputs`."""
        return self.features.shape[0]

    @property
    def width(self) -> int:
        """See `Inputs`."""
        return self.features.shape[2]

    def blocks(self, task: Task, splits: Sequence[Split], bias: bool) -> list[FeatureBlock]:
        """See `Inputs`."""
        columns = BLOCK_COLUMNS[self.features.device.type]
        return shared_blocks(self.features, splits, task.normalisation, columns, bias)

    def batch(self, task: Task) -> int:
        """See `Inputs`."""
        return max(1, task.memory // (self.layers * fit_bytes(task, self.width)))

    def settle(self, task: Task, predictions: np.ndarray) -> np.ndarray:
        """See `Inputs`."""
        return task.settle(predictions, self.features)


def fit_layers(task: Task, features: torch.Tensor) -> dict[Selection, Choice]:
    """Fit and pick for the layers in ``features``, float32 [layers, n, D] on the device to use."""
    match task.solver:
        case GradientSolver() as solver:
            return fit_gradient(task, solver, ClipFeatures(features))
        case RidgeSolver() as solver:
            return joined([_ridge(task, solver, layer) for layer in features])
        case AttentiveSolver():
            raise TypeError("an attentive probe reads tokens: see pez.solvers.attentive")


def joined(layers: Sequence[Mapping[Selection, Choice]]) -> dict[Selection, Choice]:
    """Put the choices of several layers together."""
    together: dict[Selection, Choice] = {}
    for name in layers[0]:
        choices = [layer[name] for layer in layers]
        together[name] = Choice(
            np.concatenate([choice.configuration for choice in choices]),
            np.concatenate([choice.steps for choice in choices]),
            np.concatenate([choice.predictions for choice in choices]),
        )
    return together


@dataclass(frozen=True)
class _Run:
    """Fits of one optimisation: steps [layers, folds, k]; predictions [..., n, outputs], raw."""

    steps: np.ndarray
    best: np.ndarray
    snapshot: np.ndarray


def fit_gradient(task: Task, solver: GradientSolver, inputs: Inputs) -> dict[Selection, Choice]:
    """Train every configuration and pick, for the layers in ``inputs``."""
    shape = (inputs.layers, len(task.outer), len(grid(solver)))
    every = np.broadcast_to(np.arange(shape[2]), shape)
    snapshot = np.zeros(shape, np.int64)
    choices: dict[Selection, Choice] = {}
    if "nested" in task.selections:
        run = _run(task, solver, inputs, task.inner, every, snapshot, watch=True)
        picked = task.pick(run.best, task.inner)
        steps = _take(run.steps, picked)
        # The refit on all training rows is one of the fits that selection `validation` makes
        # anyway, seen after another number of steps: a snapshot instead of a third optimisation.
        np.put_along_axis(snapshot, picked[..., None], steps[..., None], axis=2)
        if "validation" not in task.selections:
            run = _run(
                task, solver, inputs, task.outer, picked[..., None], steps[..., None], watch=False
            )
            return {"nested": Choice(picked, steps, run.snapshot[:, :, 0])}
    run = _run(task, solver, inputs, task.outer, every, snapshot, watch=True)
    if "nested" in task.selections:
        choices["nested"] = Choice(picked, steps, _take(run.snapshot, picked))
    best = task.pick(run.best, task.outer)
    choices["validation"] = Choice(best, _take(run.steps, best), _take(run.best, best))
    return choices


def _run(
    task: Task,
    solver: GradientSolver,
    inputs: Inputs,
    splits: Sequence[Split],
    configurations: np.ndarray,
    snapshot: np.ndarray,
    watch: bool,
) -> _Run:
    """Optimise ``configurations`` [layers, folds, k], as many at a time as memory allows."""
    layers, folds, count = configurations.shape
    start = first_weights(solver, inputs.width, task.targets.shape[1])
    # From zero, a squared error of centred targets teaches the bias nothing: see normalise.py.
    bias = task.target_normalisation == "none" or start is not None
    blocks = inputs.blocks(task, splits, bias)
    scale = fit_targets(task.targets, splits, task.target_normalisation)
    settings = grid(solver)[configurations].reshape(layers, folds * count, 2)
    split = np.broadcast_to(np.arange(folds)[:, None], (layers, folds, count))
    fits = Fits(
        split.reshape(layers, -1),
        settings[..., 0],
        settings[..., 1],
        snapshot.reshape(layers, -1),
    )
    size = inputs.batch(task) or folds * count
    outcomes = [
        optimise(
            blocks,
            scale.apply(task.targets),
            splits,
            fits.part(slice(first, first + size)),
            solver,
            task.loss,
            watch,
            start,
        )
        for first in range(0, folds * count, size)
    ]

    def raw(parts: list[np.ndarray]) -> np.ndarray:
        predictions = np.concatenate(parts, axis=1).reshape(
            layers, folds, count, *parts[0].shape[2:]
        )
        return inputs.settle(task, scale.undo(predictions, split).swapaxes(-1, -2))

    return _Run(
        np.concatenate([outcome.steps for outcome in outcomes], axis=1).reshape(split.shape),
        raw([outcome.best for outcome in outcomes]),
        raw([outcome.snapshot for outcome in outcomes]),
    )


def fit_bytes(task: Task, width: int) -> int:
    """Memory that one fit of one layer with ``width`` features takes, bytes.

    Weights, two moments and the split's scale are the size of the features, and so are the two
    buffers where one block holds them all; about ten arrays are the size of the clips.
    """
    clips, outputs = task.targets.shape
    return 4 * outputs * (6 * (width + BIAS_COLUMNS) + 10 * (clips + len(task.outer)))


def _ridge(task: Task, solver: RidgeSolver, features: torch.Tensor) -> dict[Selection, Choice]:
    """Fit and pick for one layer, ``features`` [n, D]."""
    if prefers_primal(*features.shape):
        shard = Shard(0, 0, features.cpu().numpy())
        return fit_shards(task, lambda: [shard], features.device)
    return pick_ridge(task, lambda splits: _ridge_predictions(task, solver, features, splits))


def pick_ridge(
    task: Task, predict: Callable[[Sequence[Split]], np.ndarray]
) -> dict[Selection, Choice]:
    """Pick penalties; ``predict`` gives [layers, splits, alphas, n, outputs], raw units."""
    outer = predict(task.outer)
    choices: dict[Selection, Choice] = {}
    for selection in task.selections:
        if selection == "validation":
            picked = task.pick(outer, task.outer)
        else:
            picked = task.pick(predict(task.inner), task.inner)
        choices[selection] = Choice(picked, np.zeros_like(picked), _take(outer, picked))
    return choices


def _ridge_predictions(
    task: Task, solver: RidgeSolver, features: torch.Tensor, splits: Sequence[Split]
) -> np.ndarray:
    grams = gram_matrices(features, splits, task.normalisation)
    return np.stack(
        [
            ridge_predictions(gram, task.targets, split.train, solver.alphas)
            for gram, split in zip(grams, splits, strict=True)
        ]
    )[None]


def _take(values: np.ndarray, configuration: np.ndarray) -> np.ndarray:
    """Entries [layers, folds, ...] of ``values`` [layers, folds, configurations, ...]."""
    layers, folds = np.indices(configuration.shape)
    return values[layers, folds, configuration]
