"""Training of attentive probes: all folds of a layer at once, with early stopping by epoch.

A fit is the classifier of one split. Its clips are dealt into batches in an order of its own, and
fits of the same number of batches are trained side by side. The logits of the held-out clips are
kept after every epoch, so that choosing an epoch is a matter of looking at them.

``nested``: the training on the inner split says how many epochs, and the fit to all training clips
of the fold is read after as many. ``validation``: the latter is read after the epoch that does best
on the reported fold itself. So two trainings a fold give both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pez.encoders.compute import prefers_bf16
from pez.recipes.spec import AttentiveSolver, Selection
from pez.recipes.splits import Split
from pez.solvers.attentive_classifier import initial_parameters, parameter_shapes
from pez.solvers.attentive_tokens import Inputs, Moments, prepare
from pez.solvers.task import Choice, PlausibilityTask, first_twins

# float32 arrays of the size of a clip's tokens that the backward pass of a self-attention block
# keeps, and of the last block; counted from the network (MLP 4 times the width) and rounded up.
_KEPT, _KEPT_LAST = 20, 4
_OUTER, _INNER = 0, 1  # of the seed: the two trainings of a fold draw different orders


def fit_attentive(
    task: PlausibilityTask, solver: AttentiveSolver, tokens: Tensor, device: str
) -> dict[Selection, Choice]:
    """Fit and pick epochs for one layer.

    Args:
        task: labels, splits and the metric that picks.
        solver: the classifier and its training.
        tokens: [n, P, D], any floating dtype.
        device: "cpu" or "cuda".
    """
    trainer = _Trainer(task, solver, tokens, torch.device(device))
    folds = len(task.outer)
    least = np.zeros(folds, np.int64)
    choices: dict[Selection, Choice] = {}
    if "nested" in task.selections:
        _, least = trainer.histories(task.inner, _INNER, least, watch=True)
    watch = "validation" in task.selections
    outer, best = trainer.histories(task.outer, _OUTER, least, watch)
    for selection in task.selections:
        chosen = least if selection == "nested" else best
        predictions = outer[np.arange(folds), chosen - 1][None, ..., None]
        configuration = np.zeros((1, folds), np.int64)
        choices[selection] = Choice(configuration, chosen[None], predictions)
    return choices


@dataclass(frozen=True)
class _Fit:
    """One split to train on.

    Attributes:
        number: of the split among those trained, and its place in the result.
        split: rows to train on, and rows whose logits are wanted.
        least: epochs to train in any case.
        seed: of the order of the clips.
    """

    number: int
    split: Split
    least: int
    seed: tuple[int, ...]

    def batches(self, epoch: int, size: int) -> list[np.ndarray]:
        """Deal the training rows into equal batches of at most ``size``, anew in every epoch."""
        rows = np.random.default_rng([*self.seed, epoch]).permutation(
            np.flatnonzero(self.split.train)
        )
        return np.array_split(rows, self.steps(size))

    def steps(self, size: int) -> int:
        """Number of batches."""
        return -(-int(self.split.train.sum()) // size)


class _Trainer:
    """Trains fits on the tokens of one layer."""

    def __init__(
        self,
        task: PlausibilityTask,
        solver: AttentiveSolver,
        tokens: Tensor,
        device: torch.device,
    ) -> None:
        self.task, self.solver, self.device = task, solver, device
        self.twin = np.array(first_twins(tokens.flatten(1).numpy()))
        self.tokens = tokens.to(device)
        self.moments = Moments.of(self.tokens)
        self.labels = torch.from_numpy(task.targets[:, 0]).to(self.device, torch.float32)
        self.autocast = torch.autocast(
            self.device.type, torch.bfloat16, enabled=prefers_bf16(self.device)
        )

    def histories(
        self, splits: Sequence[Split], kind: int, least: np.ndarray, watch: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Train one fit for each split.

        Args:
            splits: rows to train on and rows to look at.
            kind: `_OUTER` or `_INNER`.
            least: epochs that every fit is trained for in any case, [splits].
            watch: go on until no epoch was better for ``solver.patience`` epochs.

        Returns:
            Logits of the held-out rows after every epoch, float64 [splits, epochs, n]; NaN
            elsewhere, and after the last epoch of a fit. And the best epoch, counted from 1, int64
            [splits]: one that comes when patience has run out, as ``least`` makes some, is none.
        """
        history = np.full((len(splits), self.solver.epochs, len(self.labels)), np.nan)
        best = np.ones(len(splits), np.int64)
        fits = [
            _Fit(number, split, int(least[number]), (self.solver.seed, kind, number))
            for number, split in enumerate(splits)
        ]
        for group in self._groups(fits):
            self._train(group, history, best, watch)
        return history, best

    def _groups(self, fits: Sequence[_Fit]) -> list[list[_Fit]]:
        """Fits of equally many batches, as many together as memory allows."""
        size = max(1, self.task.memory // fit_bytes(self.solver, *self.tokens.shape))
        by_steps: dict[int, list[_Fit]] = {}
        for fit in fits:
            by_steps.setdefault(fit.steps(self.solver.batch_size), []).append(fit)
        return [
            same[start : start + size]
            for same in by_steps.values()
            for start in range(0, len(same), size)
        ]

    def _train(self, fits: list[_Fit], history: np.ndarray, best: np.ndarray, watch: bool) -> None:
        """Train ``fits`` until each has stopped; note their logits and best epochs."""
        inputs = prepare(
            self.tokens,
            self.moments,
            [fit.split for fit in fits],
            self.task.normalisation,
            self.solver.depth,
        )
        state = _State.start(self.tokens.shape[2], len(fits), self.solver, self.device)
        for epoch in range(1, self.solver.epochs + 1):
            orders = [fit.batches(epoch, self.solver.batch_size) for fit in fits]
            for batch in zip(*orders, strict=True):
                self._step(state, inputs, batch)
            logits = self._evaluate(state, inputs, fits)
            for fit, found in zip(fits, logits, strict=True):
                history[fit.number, epoch - 1, fit.split.held_out] = found
                if watch and epoch <= best[fit.number] + self.solver.patience:
                    best[fit.number] = self._best(fit, history[fit.number, :epoch])
            keep = [
                i
                for i, fit in enumerate(fits)
                if epoch < fit.least or (watch and epoch < best[fit.number] + self.solver.patience)
            ]
            if not keep:
                return
            if len(keep) < len(fits):
                fits = [fits[i] for i in keep]
                inputs = inputs.keep(keep)
                state = state.keep(keep, self.solver)

    def _best(self, fit: _Fit, logits: np.ndarray) -> int:
        """Best of the epochs with ``logits`` [epochs, n], counted from 1."""
        return 1 + int(self.task.pick(logits[None, None, ..., None], [fit.split])[0, 0])

    def _step(self, state: "_State", inputs: Inputs, batch: Sequence[np.ndarray]) -> None:
        """One step of all fits, fit number f on the clips ``batch[f]``."""
        rows, weights = _padded(batch)
        index = torch.from_numpy(rows).to(self.device, non_blocking=True)
        weight = torch.from_numpy(weights).to(self.device, non_blocking=True)
        with self.autocast:
            logits = inputs.logits(state.parameters, index, self.solver.heads)
        loss = F.binary_cross_entropy_with_logits(
            logits.float(), self.labels[index], weight=weight, reduction="sum"
        )
        state.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        state.optimiser.step()

    @torch.no_grad()
    def _evaluate(self, state: "_State", inputs: Inputs, fits: Sequence[_Fit]) -> list[np.ndarray]:
        """Logits of every fit's held-out clips, in their order.

        Clips with the same tokens are computed once: ties between movies are exact, and no epoch
        is picked for how a matrix product rounded one of two equal movies.
        """
        held_out = [np.flatnonzero(fit.split.held_out) for fit in fits]
        alike = [
            np.unique(self.twin[own], return_index=True, return_inverse=True) for own in held_out
        ]
        rows, _ = _padded([own[first] for own, (_, first, _) in zip(held_out, alike, strict=True)])
        parts = []
        for start in range(0, rows.shape[1], self.solver.batch_size):
            part = rows[:, start : start + self.solver.batch_size]
            index = torch.from_numpy(np.ascontiguousarray(part)).to(self.device)
            with self.autocast:
                found = inputs.logits(state.parameters, index, self.solver.heads)
            parts.append(found.double())
        logits = torch.cat(parts, dim=1).cpu().numpy()
        return [found[place] for found, (_, _, place) in zip(logits, alike, strict=True)]


@dataclass
class _State:
    """Parameters [fits, ...] of some fits and their optimiser."""

    parameters: dict[str, Tensor]
    optimiser: torch.optim.AdamW

    @classmethod
    def start(
        cls, width: int, fits: int, solver: AttentiveSolver, device: torch.device
    ) -> "_State":
        """Every fit starts from the same draw."""
        initial = initial_parameters(width, solver.depth, solver.seed)
        stacked = {
            name: value.to(device).expand(fits, *value.shape).clone().requires_grad_()
            for name, value in initial.items()
        }
        return cls(stacked, _optimiser(stacked, solver))

    def keep(self, fits: list[int], solver: AttentiveSolver) -> "_State":
        """The state of the fits numbered ``fits`` alone."""
        kept = {
            name: value.detach()[fits].requires_grad_() for name, value in self.parameters.items()
        }
        optimiser = _optimiser(kept, solver)
        for name, value in kept.items():
            old = self.optimiser.state[self.parameters[name]]
            optimiser.state[value] = {
                key: moment if key == "step" else moment[fits] for key, moment in old.items()
            }
        return _State(kept, optimiser)


def _optimiser(parameters: dict[str, Tensor], solver: AttentiveSolver) -> torch.optim.AdamW:
    """AdamW works element by element: on stacked parameters it is one for every fit."""
    return torch.optim.AdamW(
        list(parameters.values()),
        lr=solver.learning_rate,
        weight_decay=solver.weight_decay,
        fused=True,
    )


def _padded(rows: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers of all fits, int64 [fits, most], and weights that average over each fit's own."""
    most = max(len(own) for own in rows)
    numbers = np.zeros((len(rows), most), np.int64)
    weights = np.zeros((len(rows), most), np.float32)
    for fit, own in enumerate(rows):
        numbers[fit, : len(own)] = own
        weights[fit, : len(own)] = 1 / len(own)
    return numbers, weights


def fit_bytes(solver: AttentiveSolver, clips: int, tokens: int, width: int) -> int:
    """Memory that one fit takes: parameters with gradient and two moments, and what is kept."""
    shapes = parameter_shapes(width, solver.depth).values()
    parameters = sum(int(np.prod(shape)) for shape in shapes)
    kept = solver.batch_size * (_KEPT * (solver.depth - 1) + _KEPT_LAST)
    if solver.depth == 1:
        kept += clips  # tokens of all clips, normalised for this fit
    return 4 * (4 * parameters + kept * tokens * width)
