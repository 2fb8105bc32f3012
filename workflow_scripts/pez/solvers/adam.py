"""Thousands of linear probes trained by Adam at once: full batch, early stopping, best step.

A fit is one (split, learning rate, weight decay) of one layer. W and b start from zero, or all fits
from the same W0 and b0 (`pez.solvers.start`): the loss is convex, but early stopping reads the path
to its minimum, and that depends on where it begins. One step of all fits of a layer is two matrix
products with the shared matrix X of `pez.solvers.normalise`,

    predictions [fits, n]  =  Z X^T            (all rows: the held-out ones come for free)
    gradients   [fits, D]  =  R X              (R: residuals, zero outside the training rows)

and one pass of Adam over [fits, D]. X differs from what the split's probe sees by the factor r of
the split, so U = W / r are the weights in the units of X, and Z = U / lr is what is kept (see
`pez.solvers.adam_update`).

Where the rows trained on are many more (`pez.solvers.patch_map`), X holds what predictions are made
of, and the gradient comes from the moments C and B of a split's training rows: U C - B.

Cost of a step, per layer: 4 n D fits operations; nothing the size of [fits, D] leaves the cache
if blocks of columns are small. See benchmarks/probes.py for the floor and the distance to it.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch

from pez.recipes.spec import GradientSolver
from pez.recipes.splits import Split
from pez.solvers.adam_update import update
from pez.solvers.fits import Fits, Outcome
from pez.solvers.losses import Loss
from pez.solvers.normalise import FeatureBlock

COMPACTION_STEPS = 10  # finished fits are dropped this often...
COMPACTION_SHARE = 0.9  # ...if at most this share of the fits is left


def optimise(
    blocks: Sequence[FeatureBlock],
    targets: np.ndarray,
    splits: Sequence[Split],
    fits: Fits,
    solver: GradientSolver,
    loss: type[Loss],
    watch: bool,
    start: np.ndarray | None = None,
) -> Outcome:
    """Train ``fits`` and return their predictions.

    Args:
        blocks: the features, see `pez.solvers.normalise.shared_blocks`.
        targets: normalised targets [splits, outputs, n].
        splits: rows to train on and rows to hold out.
        fits: the fits of every layer; with moments as many of every split, split by split.
        solver: method, steps and patience.
        loss: what is minimised.
        watch: look at the held-out loss after each step and stop after ``solver.patience`` steps
            without a lower one; otherwise held-out rows are never used, and a fit ends at its
            snapshot.
        start: first weights of every fit for normalised features, [outputs, columns of all blocks];
            without them, zero.
    """
    batch = _Batch(blocks, targets, splits, fits, solver, loss, watch)
    if start is not None:
        batch.begin(start)
    last = solver.steps if watch else int(fits.snapshot.max())
    for step in range(1, last + 1):
        batch.step(step)
        if step % COMPACTION_STEPS == 0 and not batch.compact():
            break
    batch.store()
    return batch.outcome()


class _Batch:
    """The fits under way. R = fits x outputs rows, N = n + splits columns (see `FeatureBlock`)."""

    def __init__(
        self,
        blocks: Sequence[FeatureBlock],
        targets: np.ndarray,
        splits: Sequence[Split],
        fits: Fits,
        solver: GradientSolver,
        loss: type[Loss],
        watch: bool,
    ) -> None:
        self.blocks, self.solver, self.make_loss, self.watch = blocks, solver, loss, watch
        self.device = blocks[0].rows.device
        self.moments = blocks[0].moments  # then there is one block
        self.splits, self.outputs, self.clips = targets.shape
        self.layers, self.fits = fits.split.shape
        self.targets = self._tensor(targets)
        weights = [
            np.stack([split.train / split.train.sum(), split.held_out / split.held_out.sum()])
            for split in splits
        ]
        self.row_weights = self._tensor(np.stack(weights) / self.outputs)  # [splits, 2, n]
        self.split = self._integers(fits.split)
        self.learning_rate = self._tensor(fits.learning_rate)
        self.weight_decay = self._tensor(fits.weight_decay)
        self.snapshot_step = self._integers(fits.snapshot)
        self.snapshots = set(np.unique(fits.snapshot).tolist()) - {0}
        self.slot = torch.arange(self.fits, device=self.device).repeat(self.layers, 1)
        self.lowest = torch.full_like(self.learning_rate, math.inf)
        self.best_step = torch.zeros_like(self.split)
        self.now = 0
        self.weights = [self._zeros(block.rows.shape[2]) for block in blocks]
        self.first = [torch.zeros_like(weights) for weights in self.weights]
        self.second = [torch.zeros_like(weights) for weights in self.weights]
        shape = (self.layers, self.fits, self.outputs)
        self.stored_steps = torch.zeros_like(self.split)
        self.stored_best = torch.zeros(*shape, self.clips)
        self.stored_snapshot = torch.zeros(*shape, self.clips)
        self._arrange()
        self.best = self.scaled.clone()  # step 0, which stays only where every loss was NaN
        self.snapshot = self.scaled.clone()
        self._residuals()

    def _integers(self, values: np.ndarray) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.int64, device=self.device)

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self.device)

    def _zeros(self, columns: int) -> torch.Tensor:
        return torch.zeros(self.layers, self.fits * self.outputs, columns, device=self.device)

    def _arrange(self) -> None:
        """Lay out everything that depends on which fits are present."""
        layers, fits = self.split.shape
        rows = fits * self.outputs
        rate = self.learning_rate[..., None, None]
        train, held_out = self.row_weights[self.split].unbind(dim=2)
        self.loss = self.make_loss(self.targets[self.split], self.learning_rate, train, held_out)
        offset = self.loss.offset / rate  # predictions are kept over lr, like Z
        padding = offset.new_zeros(*offset.shape[:3], self.splits)
        self.start = torch.cat([-offset, padding], dim=3).reshape(layers, rows, -1)
        self.mean_column = self.clips + self._per_row(self.split)[..., None]
        product = self._per_row(self.learning_rate * self.weight_decay)[..., None]
        self.l2 = product if self.solver.method == "adam_l2" else None
        self.shrink = 1 - product if self.solver.method == "adamw" else None
        self.scales = [
            None
            if block.scale is None
            else block.scale.gather(
                1, self._per_row(self.split)[..., None].expand(-1, -1, block.scale.shape[2])
            )
            for block in self.blocks
        ]
        self.predictions = torch.empty_like(self.start)
        self.residuals = torch.zeros_like(self.start)
        self.scaled = self.start[..., : self.clips].clone()
        widest = max(weights.shape[2] for weights in self.weights)
        if self.moments is not None:
            self.rate = self._per_row(self.learning_rate)[..., None]
            self.cross = self.moments.cross.repeat_interleave(fits // self.splits, dim=1)
            self.cross = self.cross.view(layers, rows, -1)
        self.buffers = torch.empty(2, layers * rows * widest, device=self.device)

    def _per_row(self, per_fit: torch.Tensor) -> torch.Tensor:
        return per_fit.repeat_interleave(self.outputs, dim=1)

    def _residuals(self) -> None:
        """Set R from the predictions; a split's mean row gets minus the sum."""
        if self.moments is not None:
            return
        clips = self.residuals[..., : self.clips]
        self.loss.residuals(self.scaled, out=clips)
        self.residuals.scatter_(2, self.mean_column, -clips.sum(dim=2, keepdim=True))

    def begin(self, start: np.ndarray) -> None:
        """Let all fits begin at the weights ``start``, see `optimise`."""
        first = 0
        rate = self._per_row(self.learning_rate)[..., None]
        for weights, scale in zip(self.weights, self.scales, strict=True):
            part = self._tensor(start[:, first : first + weights.shape[2]])
            torch.div(part.repeat(self.fits, 1), rate, out=weights)
            if scale is not None:
                weights.div_(scale)
            first += weights.shape[2]
        self._predict(None)
        self._residuals()
        self.best.copy_(self.scaled)
        self.snapshot.copy_(self.scaled)

    def step(self, step: int) -> None:
        """Take step number ``step`` (from 1) of all fits, and look at what it brought."""
        self.now = step
        self._predict(step)
        if self.watch:
            self._look(step)
        if step in self.snapshots:
            taken = self._per_row(self.snapshot_step == step)[..., None]
            torch.where(taken, self.scaled, self.snapshot, out=self.snapshot)
        self._residuals()

    def _predict(self, step: int | None) -> None:
        """Set the predictions; before it, take ``step`` in every block."""
        accumulated = self.start
        for index, block in enumerate(self.blocks):
            if step is not None:
                self._adam(index, step)
            torch.baddbmm(
                accumulated, self.weights[index], block.rows.transpose(1, 2), out=self.predictions
            )
            accumulated = self.predictions
        shift = self.predictions.gather(2, self.mean_column)
        torch.sub(self.predictions[..., : self.clips], shift, out=self.scaled)

    def _adam(self, index: int, step: int) -> None:
        """Take step number ``step`` in block ``index``."""
        weights = self.weights[index]
        gradient, work = (
            buffer[: weights.numel()].view_as(weights) for buffer in self.buffers.unbind()
        )
        self._gradient(index, gradient)
        moments = (self.first[index], self.second[index])
        update(weights, moments, gradient, work, self.scales[index], self.l2, self.shrink, step)

    def _gradient(self, index: int, out: torch.Tensor) -> None:
        """Write the gradient of the loss by U to ``out`` [layers, R, columns]."""
        if self.moments is None:
            torch.bmm(self.residuals, self.blocks[index].rows, out=out)
            return
        second = self.moments.second.flatten(0, 1)
        by_split = (len(second), -1, out.shape[2])
        torch.bmm(self.weights[index].view(by_split), second, out=out.view(by_split))
        out.mul_(self.rate).sub_(self.cross)

    def _look(self, step: int) -> None:
        """Compare the held-out loss with the lowest so far."""
        loss = self.loss.held_out(self.scaled)
        better = (loss < self.lowest) & (step <= self.best_step + self.solver.patience)
        self.lowest = torch.where(better, loss, self.lowest)
        self.best_step.masked_fill_(better, step)
        torch.where(self._per_row(better)[..., None], self.scaled, self.best, out=self.best)

    def compact(self) -> bool:
        """Drop finished fits where that pays; return whether any fit is left.

        With moments every split keeps as many fits as the others: a batch of equal products.
        """
        active = self.now < self.snapshot_step
        if self.watch:
            active |= self.now < self.best_step + self.solver.patience
        active = active.unflatten(1, (1 if self.moments is None else self.splits, -1))
        left = int(active.sum(dim=2).max())
        if left == 0 or left > COMPACTION_SHARE * active.shape[2]:
            return left > 0
        self.store()
        keep = active.to(torch.int8).argsort(dim=2, descending=True, stable=True)[..., :left]
        group = torch.arange(active.shape[1], device=self.device)[:, None] * active.shape[2]
        self._keep((keep + group).flatten(1))
        return True

    def _keep(self, keep: torch.Tensor) -> None:
        outputs = torch.arange(self.outputs, device=self.device)
        rows = (keep[..., None] * self.outputs + outputs).flatten(1)
        scaled = _rows(self.scaled, rows)
        for name in (
            "split", "learning_rate", "weight_decay", "snapshot_step", "slot", "lowest", "best_step"
        ):  # fmt: skip
            setattr(self, name, getattr(self, name).gather(1, keep))
        self.best = _rows(self.best, rows)
        self.snapshot = _rows(self.snapshot, rows)
        for state in (self.weights, self.first, self.second):
            for index, tensor in enumerate(state):
                state[index] = _rows(tensor, rows)
        self._arrange()
        self.scaled.copy_(scaled)
        self._residuals()

    def store(self) -> None:
        """Write what the present fits have found to their places in the outcome."""
        layers, fits = self.split.shape
        shape = (layers, fits, self.outputs, -1)
        rate = self.learning_rate[..., None, None]
        offset = self.loss.offset
        layer, slot = torch.arange(layers)[:, None], self.slot.cpu()
        self.stored_best[layer, slot] = (self.best.view(shape) * rate + offset).cpu()
        self.stored_snapshot[layer, slot] = (self.snapshot.view(shape) * rate + offset).cpu()
        self.stored_steps.scatter_(1, self.slot, self.best_step)

    def outcome(self) -> Outcome:
        """Return what has been stored."""
        return Outcome(
            self.stored_steps.cpu().numpy(),
            self.stored_best.numpy(),
            self.stored_snapshot.numpy(),
        )


def _rows(tensor: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Rows ``rows`` [layers, k] of ``tensor`` [layers, R, columns]."""
    return tensor.gather(1, rows[..., None].expand(-1, -1, tensor.shape[2]))
