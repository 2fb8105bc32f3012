"""All units of a hook point: what direction and speed are worth to each, and to permuted clips."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pez.inside.tuning.design import Design, Variable
from pez.inside.tuning.models import Models, Ridge
from pez.inside.tuning.sums import Sums

# Units times positions whose models are worked out at once: about 100 MB, and 3 GB on a GPU, which
# a hundred kernels for so few keep waiting.
_ROOM = {"cpu": 64 * 768, "cuda": 256 * 4096}


@dataclass(frozen=True)
class Tuned:
    """Models of one variable, on the device of the sums.

    Attributes:
        gained: share of the variance out of fold that the variable adds, float32 [P, U].
        weights: of its two regressors, fitted to all clips, float32 [P, 2, U].
        null: largest gain over the positions of a unit, with conditions permuted, float32 [B, U].
    """

    gained: Tensor
    weights: Tensor
    null: Tensor


def tune(
    sums: Sums,
    design: Design,
    variable: Variable,
    given: int,
    ridge: Ridge,
    permutations: int,
    seed: int,
) -> Tuned:
    """Fit ``variable`` to every unit at every position, and to as many permutations.

    A permutation is the same for all units and positions.

    Args:
        sums: of the units.
        design: of the clips.
        variable: direction or speed.
        given: beside how many of the regressors, the first ones.
        ridge: penalties.
        permutations: B.
        seed: of these.
    """
    draws = np.random.default_rng(seed)
    permuted = [design.permuted(variable, draws) for _ in range(permutations)]
    null: Tensor | None = None
    gained, weights = [], []
    for rows in _chunks(sums):
        models = Models(sums, rows, design.fold, ridge, given)
        found = models.fit(design.regressors(variable))
        gained.append(found.gained)
        weights.append(found.weights)
        most = torch.stack([models.gained(one).amax(dim=0) for one in permuted])
        null = most if null is None else torch.maximum(null, most)
    assert null is not None
    return Tuned(torch.cat(gained), torch.cat(weights), null)


def _chunks(sums: Sums) -> Iterator[slice]:
    positions, units = sums.level.shape
    step = max(1, _ROOM[sums.level.device.type] // units)
    for first in range(0, positions, step):
        yield slice(first, first + step)
