"""A probe, the features without what it reads, another probe: the paper's appendix C.11.

Every probe's weights are orthonormalised (QR), and their span taken out of the features that the
next one is fitted to, of clips in training and held out alike. What is taken out is the whole of
the weights, also what is left in them of a random start: so it is in the paper.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pez.inside.sequences.fits import Probes

Fit = Callable[[Tensor, Tensor], Probes]


@dataclass(frozen=True)
class Fitted:
    """A sequence of N probes, for F matrices of features side by side.

    Attributes:
        outputs: for the clips held out, [N, F, m, k].
        weights: [N, F, D, k].
        bias: [N, F, 1, k].
    """

    outputs: Tensor
    weights: Tensor
    bias: Tensor

    def basis(self, fit: int, count: int) -> Tensor:
        """Orthonormal basis of what the first ``count`` probes of one fit span, float64 [D, r]."""
        together = self.weights[:count, fit].permute(1, 0, 2).flatten(1).double()
        return torch.linalg.qr(together)[0]


def run_sequence(
    features: Tensor,
    held_out: Tensor,
    targets: Tensor,
    fit: Fit,
    most: int,
    random: torch.Generator | None = None,
) -> Fitted:
    """Fit ``most`` probes one after another, or as many as the features have dimensions for.

    Args:
        features: of the clips to fit to, [F, n, D].
        held_out: of the clips to judge on, [F, m, D].
        targets: [F, n, k].
        fit: fits probes to features and targets.
        most: number of probes.
        random: if given, directions drawn with it are taken out in place of the probes'.
    """
    outputs, weights, biases = [], [], []
    width, many = features.shape[2], targets.shape[2]
    for _ in range(min(most, width // many)):
        probes = fit(features, targets)
        outputs.append(probes(held_out))
        weights.append(probes.weights.to(features))
        biases.append(probes.bias.to(features))
        taken = weights[-1]
        if random is not None:
            taken = torch.randn(taken.shape, generator=random).to(taken)
        # a GPU would do the matrices one after the other
        basis = torch.linalg.qr(taken.cpu())[0].to(features)
        features = features - features @ basis @ basis.mT
        held_out = held_out - held_out @ basis @ basis.mT
    return Fitted(torch.stack(outputs), torch.stack(weights), torch.stack(biases))


@dataclass(frozen=True)
class Space:
    """Affine map of features, fitted to the clips in training, for F matrices.

    Attributes:
        mean: [F, 1, D].
        map: [F, D, D]; or [F, 1, 1], one number for all features, which keeps angles as they are.
    """

    mean: Tensor
    map: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        """Map ``features`` [F, n, D]."""
        centred = features - self.mean
        return centred * self.map if self.map.shape[1] == 1 else centred @ self.map


def common_scale(features: Tensor) -> Space:
    """Bring the mean variance over features to 1, for ``features`` [F, n, D]."""
    mean = features.mean(dim=1, keepdim=True)
    scale = (features - mean).square().mean(dim=(1, 2), keepdim=True).rsqrt()
    return Space(mean, scale)


def whitening(features: Tensor, shrinkage: float) -> Space:
    """Whiten by the covariance of ``features`` [F, n, D], shrunk towards the identity.

    The covariance is (1 - shrinkage) S + shrinkage m I, m the mean variance over features.
    """
    rows = features.double()
    mean = rows.mean(dim=1, keepdim=True)
    values, vectors = torch.linalg.eigh((rows - mean).mT @ (rows - mean) / rows.shape[1])
    values = values.clamp(min=0)
    shrunk = (1 - shrinkage) * values + shrinkage * values.mean(dim=1, keepdim=True)
    # directions without variance at all, where nothing is shrunk, stay without
    inverse = torch.where(shrunk > 1e-12 * shrunk.amax(dim=1, keepdim=True), shrunk, torch.inf)
    map = (vectors * inverse.rsqrt()[:, None]) @ vectors.mT
    return Space(mean.to(features), map.to(features))


def of_splits(states: Tensor, clips: Tensor) -> Tensor:
    """Features of every state for the ``clips`` [R, n] of every draw.

    Args:
        states: [S, all clips, D].
        clips: numbers of clips.

    Returns:
        [S * R, n, D], the draws of a state one after another.
    """
    return states[:, clips].flatten(0, 1)


def of_states(values: Tensor, states: int) -> Tensor:
    """``values`` [R, ...] of every draw, once for each state: [S * R, ...]."""
    return values.repeat(states, *[1] * (values.ndim - 1))
