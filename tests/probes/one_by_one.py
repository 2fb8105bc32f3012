"""The probe as one would write it down: one fit at a time, torch.optim, no sharing, no batching.

Features and targets that are centred on the training rows need no bias: its gradient, the mean
training residual, is 0 while b = 0, so that b stays 0 in exact arithmetic. That point is unstable
under Adam, whatever the precision: a rounding error of 1e-17 over eps = 1e-8 times lr is enough to
grow until b swings by about lr, differently in every order of summation. So the loop has a bias
where it has something to learn (normalisation none, cross-entropy) or where asked (``bias=True``).
Under a cross-entropy the gradient of b is small rather than 0 while logits are small and as many
targets are 1 as 0: float32 and float64 then differ by up to a tenth of lr or so.
"""

from dataclasses import dataclass

import numpy as np
import torch

from pez.recipes.spec import GradientSolver
from pez.recipes.splits import Split


@dataclass
class Trained:
    loss: float
    step: int
    prediction: np.ndarray  # [n, outputs], raw units, after the best (or last) step


def statistics(values: np.ndarray, normalisation: str) -> tuple[np.ndarray, np.ndarray]:
    mean, scale = values.mean(axis=0), values.std(axis=0)
    scale[scale < 1e-6 * np.abs(mean)] = 1.0
    scale[scale == 0] = 1.0
    if normalisation == "none":
        return np.zeros_like(mean), np.ones_like(scale)
    return mean, scale if normalisation == "zscore" else np.ones_like(scale)


def train(
    features: np.ndarray,
    targets: np.ndarray,
    split: Split,
    normalisation: str,
    solver: GradientSolver,
    learning_rate: float,
    weight_decay: float,
    fixed_steps: int | None = None,
    bias: bool = False,
    cross_entropy: bool = False,
    half_counts_as: str = "impossible",
) -> Trained:
    """Fit one configuration; with ``fixed_steps`` the held-out rows are not looked at.

    ``features`` are [n, D], or [n, P, D]: then every patch is a row, with its clip's target, and a
    clip's prediction is the average over its patches.

    With ``cross_entropy`` targets are 0 or 1, predictions are logits, and there is a bias. With
    ``solver.start`` pytorch there is one too, and nothing is set to zero. The best step is the one
    with the lowest held-out loss, or the highest clip accuracy where ``solver.stopped_by`` says so.
    """
    patches = features.reshape(len(features), -1, features.shape[-1]).astype(np.float64)
    mean, scale = statistics(patches[split.train].reshape(-1, patches.shape[2]), normalisation)
    target_mean, target_scale = statistics(
        targets[split.train], "none" if cross_entropy else normalisation
    )
    mean_loss = torch.nn.BCEWithLogitsLoss() if cross_entropy else torch.nn.MSELoss()
    x = torch.from_numpy((patches - mean) / scale)
    y = torch.from_numpy((targets - target_mean) / target_scale)
    bias = bias or cross_entropy or normalisation == "none" or solver.start == "pytorch"
    torch.manual_seed(solver.start_seed)
    probe = torch.nn.Linear(x.shape[2], y.shape[1], bias=bias).double()
    if solver.start == "zero":
        for parameter in probe.parameters():
            torch.nn.init.zeros_(parameter)
    make = {"adamw": torch.optim.AdamW, "adam_l2": torch.optim.Adam}[solver.method]
    optimiser = make(probe.parameters(), lr=learning_rate, weight_decay=weight_decay)
    train_rows, held_out = torch.from_numpy(split.train), torch.from_numpy(split.held_out)

    def raw() -> np.ndarray:
        return probe(x).mean(dim=1).detach().numpy() * target_scale + target_mean

    best = Trained(np.inf, 0, raw())
    waited = 0
    for step in range(1, (solver.steps if fixed_steps is None else fixed_steps) + 1):
        optimiser.zero_grad()
        every_patch = y[train_rows][:, None].expand(-1, x.shape[1], -1)
        mean_loss(probe(x[train_rows]), every_patch).backward()
        optimiser.step()
        if fixed_steps is not None:
            continue
        with torch.no_grad():
            logits = probe(x[held_out]).mean(dim=1)
            loss = mean_loss(logits, y[held_out]).item()
            if solver.stopped_by == "clip_accuracy":
                half = half_counts_as == "possible"
                called = torch.where(logits == 0, half, logits > 0)
                loss = -(called == (y[held_out] == 1)).sum().item()
        if loss < best.loss:
            best, waited = Trained(loss, step, raw()), 0
        else:
            waited += 1
            if waited >= solver.patience:
                break
    return Trained(np.nan, fixed_steps, raw()) if fixed_steps is not None else best


def pooled_r2(targets: np.ndarray, prediction: np.ndarray, rows: np.ndarray) -> float:
    error = ((targets[rows] - prediction[rows]) ** 2).sum()
    return 1 - error / ((targets[rows] - targets[rows].mean(axis=0)) ** 2).sum()


def sweep(
    features: np.ndarray,
    targets: np.ndarray,
    split: Split,
    normalisation: str,
    solver: GradientSolver,
    bias: bool = False,
) -> tuple[list[Trained], np.ndarray, list[tuple[float, float]]]:
    """Every configuration: fits, their R2 on the held-out rows, and the configurations."""
    grid = [(rate, decay) for rate in solver.learning_rates for decay in solver.weight_decays]
    fits = [
        train(features, targets, split, normalisation, solver, *pair, bias=bias) for pair in grid
    ]
    scores = [pooled_r2(targets, fit.prediction, split.held_out) for fit in fits]
    return fits, np.array(scores), grid
