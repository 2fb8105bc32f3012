"""Adam's step in variables that cost no pass over the features (see `pez.solvers.adam`).

With W the weights of a split's normalised features, r the split's scale over the shared one,
U = W / r and Z = U / lr, torch.optim's step on W reads

    Z <- (1 - lr wd) Z - (c2 / c1) m / (r (sqrt(v) + eps c2 r)),  c1 = 1 - b1^t, c2 = sqrt(1 - b2^t)

with m and v the moments of the gradient of U: neither r nor lr costs a pass over the features.
``adam_l2`` adds wd lr r^2 Z to that gradient in place of the factor 1 - lr wd.
"""

import math

import torch

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # torch.optim's defaults


def update(
    weights: torch.Tensor,
    moments: tuple[torch.Tensor, torch.Tensor],
    gradient: torch.Tensor,
    work: torch.Tensor,
    scale: torch.Tensor | None,
    l2: torch.Tensor | None,
    shrink: torch.Tensor | None,
    step: int,
) -> None:
    """Take step number ``step`` (from 1) in place; all arrays [layers, R, columns] but the factors.

    Args:
        weights: Z.
        moments: m and v.
        gradient: of U; overwritten.
        work: any values; overwritten.
        scale: r; None where it is 1 throughout.
        l2: lr wd of ``adam_l2``, [layers, R, 1]; None for another method.
        shrink: 1 - lr wd of ``adamw``, likewise.
        step: number of the step.
    """
    first, second = moments
    if l2 is not None:
        torch.mul(weights, l2, out=work)
        gradient.add_(work if scale is None else work.mul_(scale).mul_(scale))
    first.lerp_(gradient, 1 - BETA1)
    second.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
    correction1, correction2 = 1 - BETA1**step, math.sqrt(1 - BETA2**step)
    torch.sqrt(second, out=work)
    if scale is None:
        work.add_(EPSILON * correction2)
    else:
        work.add_(scale, alpha=EPSILON * correction2).mul_(scale)
    if shrink is not None:
        weights.mul_(shrink)
    weights.addcdiv_(first, work, value=-correction2 / correction1)
