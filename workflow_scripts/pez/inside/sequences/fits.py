"""Linear probes of many feature matrices at once: by Adam as the paper states it, and by ridge.

Fits stand side by side along the first axis: states of the residual stream times splits of clips.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pez.inside.kinds.probe_sequences import AdamSpec
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


def fit_adam(
    features: Tensor,
    targets: Tensor,
    settings: AdamSpec,
    epochs: int,
    logistic: bool,
    random: torch.Generator,
) -> Probes:
    """Fit by Adam from the start that PyTorch gives a linear layer, weight decay in the gradient.

    The clips of a batch have the same places in all fits, which hold other clips there: one shuffle
    an epoch serves all.

    Args:
        features: float32 [F, n, D].
        targets: float32 [F, n, k]; 0 and 1 where ``logistic``.
        settings: rate, decay and batch.
        epochs: passes over the clips.
        logistic: cross-entropy on logits, instead of the squared error.
        random: of the start and of the order of clips.
    """
    fits, clips, width = features.shape
    outputs = targets.shape[2]
    rows = torch.cat([features, torch.ones_like(features[..., :1])], dim=2)
    bound, rate = width**-0.5, settings.learning_rate
    # `pez.solvers.adam_update` steps in weights over the rate; the bias is one more weight.
    # Weights lie [F, k, D + 1]: products with so few rows are five times as fast that way round.
    start = torch.rand((fits, outputs, width + 1), generator=random) * 2 - 1
    scaled = (start * (bound / rate)).to(rows)
    first, second, gradient, work = (torch.zeros_like(scaled) for _ in range(4))
    decay = torch.tensor(rate * settings.weight_decay).to(rows)
    goals, step = targets.mT.contiguous(), 0
    for _ in range(epochs):
        order = torch.randperm(clips, generator=random).to(rows.device)
        for places in order.split(settings.batch_size):
            batch, goal = rows.index_select(1, places), goals.index_select(2, places)
            found = torch.bmm(scaled, batch.mT).mul_(rate)
            if logistic:
                error = (found.sigmoid_() - goal).div_(goal[0].numel())
            else:
                error = (found - goal).mul_(2 / goal[0].numel())
            torch.bmm(error, batch, out=gradient)
            step += 1
            update(scaled, (first, second), gradient, work, None, decay, None, step)
    weights = (scaled * rate).mT
    return Probes(weights[:, :-1], weights[:, -1:])


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
