"""Linear probes of many feature matrices at once: by Adam as the paper states it, and by ridge.

Fits stand side by side along the first axis: states of the residual stream times splits of clips.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pez.inside.kinds.probe_sequences import AdamSpec
from pez.inside.sequences.recorded import Recorded
from pez.solvers.adam_update import update


@dataclass(frozen=True)
class Probes:
    """Linear probes, y = x @ weights + bias.

    Attributes:
        weights: [F, D, k].
        bias: [F, 1, k].
    """

    weights: Tensor
    bias: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        """Outputs for ``features`` [F, n, D]: [F, n, k]."""
        return torch.baddbmm(self.bias.to(features), features, self.weights.to(features))


class Adam:
    """Probes by Adam from the start of PyTorch's linear layer, weight decay in the gradient.

    The clips of a batch have the same places in all fits, which hold other clips there: one shuffle
    an epoch serves all.

    Args:
        settings: rate, decay and batch.
        epochs: passes over the clips.
        logistic: cross-entropy on logits, instead of the squared error.
        random: of the start and of the order of clips.
    """

    def __init__(
        self, settings: AdamSpec, epochs: int, logistic: bool, random: torch.Generator
    ) -> None:
        self.settings, self.epochs, self.logistic = settings, epochs, logistic
        self.random = random
        self._descend = Recorded(self._steps)

    def __call__(self, features: Tensor, targets: Tensor) -> Probes:
        """Fit the next probes; every call has the same shapes.

        Args:
            features: float32 [F, n, D].
            targets: float32 [F, n, k]; 0 and 1 where ``logistic``.
        """
        fits, clips, width = features.shape
        rows = torch.cat([features, torch.ones_like(features[..., :1])], dim=2)
        # `pez.solvers.adam_update` steps in weights over the rate; the bias is one more weight.
        # Weights lie [F, k, D + 1]: products with so few rows are five times as fast so.
        start = torch.rand((fits, targets.shape[2], width + 1), generator=self.random) * 2 - 1
        start = start * (width**-0.5 / self.settings.learning_rate)
        orders = [torch.randperm(clips, generator=self.random) for _ in range(self.epochs)]
        goals, order = targets.mT.contiguous(), torch.stack(orders)
        scaled = self._descend(rows, goals, start.to(rows), order.to(rows.device))
        weights = (scaled * self.settings.learning_rate).mT
        return Probes(weights[:, :-1], weights[:, -1:])

    def _steps(self, rows: Tensor, goals: Tensor, start: Tensor, orders: Tensor) -> Tensor:
        """Weights over the rate after all steps: [F, k, D + 1], as ``start``."""
        rate = self.settings.learning_rate
        scaled, step = start.clone(), 0
        first, second, gradient, work = (torch.zeros_like(scaled) for _ in range(4))
        decay = torch.full_like(scaled[0, 0, 0], rate * self.settings.weight_decay)
        for order in orders:
            for places in order.split(self.settings.batch_size):
                batch, goal = rows.index_select(1, places), goals.index_select(2, places)
                found = torch.bmm(scaled, batch.mT).mul_(rate)
                if self.logistic:
                    error = (found.sigmoid_() - goal).div_(goal[0].numel())
                else:
                    error = (found - goal).mul_(2 / goal[0].numel())
                torch.bmm(error, batch, out=gradient)
                step += 1
                update(scaled, (first, second), gradient, work, None, decay, None, step)
        return scaled


def fit_ridge(
    features: Tensor,
    targets: Tensor,
    fit: Tensor,
    seen: Tensor,
    alphas: Sequence[float],
) -> Probes:
    """Fit by ridge regression, under the penalty that does best on some of the clips.

    Args:
        features: [F, n, D].
        targets: [F, n, k].
        fit: places of clips to fit to while the penalty is picked, int64 [F, a].
        seen: places of clips to pick by, int64 [F, b].
        alphas: penalties on the squared norm of the weights, against the sum of squared errors; the
            intercept costs none.
    """
    features, targets = features.double(), targets.double()
    penalties = torch.tensor(alphas, dtype=torch.float64, device=features.device)
    probes = _ridge(take(features, fit), take(targets, fit), penalties[:, None])
    outputs = take(features, seen) @ probes.weights + probes.bias
    errors = (outputs - take(targets, seen)).square().sum(dim=(2, 3))  # [penalties, F]
    chosen = _ridge(features, targets, penalties[errors.argmin(dim=0)][None])
    return Probes(chosen.weights[0], chosen.bias[0])


def take(values: Tensor, places: Tensor) -> Tensor:
    """``values`` [F, n, D] at ``places`` [F, m] of the second axis: [F, m, D]."""
    return values.gather(1, places[..., None].expand(-1, -1, values.shape[2]))


def _ridge(features: Tensor, targets: Tensor, penalties: Tensor) -> Probes:
    """Probes [A, F, ...] for ``penalties`` [A, F or 1], by the smaller of the two Gram matrices."""
    middle, mean = features.mean(dim=1, keepdim=True), targets.mean(dim=1, keepdim=True)
    rows, goal = features - middle, targets - mean
    wide = rows.shape[2] > rows.shape[1]
    gram = rows @ rows.mT if wide else rows.mT @ rows
    identity = torch.eye(gram.shape[1]).to(gram)
    factor = torch.linalg.cholesky(gram + penalties[..., None, None] * identity)
    solved = torch.cholesky_solve(goal if wide else rows.mT @ goal, factor)
    weights = rows.mT @ solved if wide else solved
    return Probes(weights, mean - middle @ weights)
