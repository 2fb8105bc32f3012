"""Subspaces of probes where what varies within conditions varies alike in all directions.

Angles between probes depend on the axes of the features: an invertible map changes them and keeps
all that can be read. Features that are whitened by their covariance within conditions have axes
that do not: there, probes that are orthogonal read what is uncorrelated among clips of a condition.
"""

import numpy as np
import torch
from torch import Tensor

from pez.inside.sequences.sequence import whitening

SUFFIX = "_within"  # of metrics that are measured there


class Within:
    """The covariance of features within conditions, at every state."""

    def __init__(self, states: Tensor, conditions: np.ndarray, shrinkage: float) -> None:
        """Measure it.

        Args:
            states: features [S, n, D].
            conditions: number of every clip's condition, [n].
            shrinkage: of the covariance towards the identity.
        """
        number = torch.from_numpy(np.unique(conditions, return_inverse=True)[1])
        of = torch.nn.functional.one_hot(number).to(states.device).double()
        features = states.double()
        means = of.mT @ features / of.sum(dim=0)[:, None]
        self._root = torch.linalg.pinv(whitening(features - of @ means, shrinkage).map)

    def __call__(self, basis: Tensor, state: int) -> Tensor:
        """What probes that span ``basis`` [D, r] at ``state`` span there: orthonormal, [D, r].

        A probe w of features x is the probe C^(1/2) w of features C^(-1/2) x.
        """
        return torch.linalg.qr(self._root[state] @ basis.double())[0]


def within_conditions(states: Tensor, conditions: np.ndarray, shrinkage: float) -> Within | None:
    """The covariance within conditions; None where no condition has two clips.

    Args:
        states: features [S, n, D].
        conditions: number of every clip's condition, [n].
        shrinkage: of the covariance towards the identity.
    """
    if len(np.unique(conditions)) == len(conditions):
        return None
    return Within(states, conditions, shrinkage)
