"""The weights that gradient descent starts from, where they are not zero."""

import math

import numpy as np
import torch

from pez.recipes.spec import GradientSolver
from pez.solvers.normalise import BIAS_COLUMNS


def first_weights(solver: GradientSolver, width: int, outputs: int) -> np.ndarray | None:
    """First weights for normalised features and, behind them, the bias; None where all are zero.

    ``pytorch``: weights and bias that ``torch.nn.Linear(width, outputs)`` has, made right after
    ``torch.manual_seed(solver.start_seed)``, bit for bit; torch's own random state is left alone.
    A feature that is constant in a split's training rows has no weight there, whatever the start.

    Returns:
        float32 [outputs, width + `BIAS_COLUMNS`], the bias first of the last columns, which are
        otherwise zero.
    """
    if solver.start == "zero":
        return None
    generator = torch.Generator().manual_seed(solver.start_seed)
    weights = torch.empty(outputs, width)
    torch.nn.init.kaiming_uniform_(weights, a=math.sqrt(5), generator=generator)
    bound = 1 / math.sqrt(width)
    bias = torch.empty(outputs).uniform_(-bound, bound, generator=generator)
    columns = torch.zeros(outputs, BIAS_COLUMNS)
    columns[:, 0] = bias
    return torch.cat([weights, columns], dim=1).numpy()
