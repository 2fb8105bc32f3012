"""How well every probe of a sequence reads."""

import numpy as np
import torch
from torch import Tensor

from pez.inside.sequences.names import DIRECTION, PLAUSIBILITY
from pez.scores.regression import CLOSE_DEG


def score(variable: str, outputs: Tensor, truth: Tensor, middle: float) -> dict[str, np.ndarray]:
    """Metrics of the probes of a sequence on the clips held out.

    Args:
        variable: what is read.
        outputs: [N, F, m, k].
        truth: [F, m, k]: (sin, cos); speed less the mean of the training clips; 1 for possible.
        middle: output above which a movie is called possible.

    Returns:
        By name, float64 [N, F]: ``r2``, ``accuracy`` (share within 15 degrees) and ``mae_deg``;
        ``r2`` and ``mae_share``; ``accuracy`` and ``auc``.
    """
    outputs, truth = outputs.double(), truth.double()
    if variable == PLAUSIBILITY:
        answers = ((outputs > middle) == (truth > 0.5)).double().mean(dim=(2, 3))
        found = {"accuracy": answers, "auc": _auc(outputs[..., 0], truth[..., 0])}
    else:
        found = {"r2": _r2(outputs, truth)}
        if variable == DIRECTION:
            errors = angle_between(outputs, truth)
            found["accuracy"] = (errors <= CLOSE_DEG).double().mean(dim=2)
            found["mae_deg"] = errors.mean(dim=2)
        else:
            error = (outputs - truth).abs().mean(dim=(2, 3))
            found["mae_share"] = error / truth.abs().mean(dim=(1, 2))
    return {name: values.cpu().numpy() for name, values in found.items()}


def angle_between(one: Tensor, other: Tensor) -> Tensor:
    """Angle between pairs (sin, cos) of any length, [..., 2]: degrees in [0, 180], [...]."""
    angles = [torch.atan2(pair[..., 0], pair[..., 1]) for pair in (one, other)]
    turn = torch.remainder(angles[0] - angles[1] + torch.pi, 2 * torch.pi) - torch.pi
    return torch.rad2deg(turn.abs())


def _r2(outputs: Tensor, truth: Tensor) -> Tensor:
    total = (truth - truth.mean(dim=1, keepdim=True)).square().sum(dim=(1, 2))
    return 1 - (outputs - truth).square().sum(dim=(2, 3)) / total


def _auc(outputs: Tensor, truth: Tensor) -> Tensor:
    """Share of pairs of a possible and an impossible movie in the right order; ties count half."""
    found = []
    pairs = (truth[:, :, None] > truth[:, None, :]).double()
    for one in outputs:  # of every probe: all pairs at once
        ahead = (one[:, :, None] - one[:, None, :]).sign().add(1).div(2)
        found.append((ahead * pairs).sum(dim=(1, 2)) / pairs.sum(dim=(1, 2)))
    return torch.stack(found)
