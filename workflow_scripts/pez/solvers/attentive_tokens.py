"""Tokens of one layer as the fits of an attentive probe read them.

A fit normalises the features with its own training clips. Where the classifier is one block, what
it reads is a LayerNorm of that, which no step of the training changes: it is computed once.
Self-attention blocks add to the tokens themselves, which are normalised as they are read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from pez.recipes.spec import Normalisation
from pez.recipes.splits import Split
from pez.solvers.attentive_classifier import Parameters, classify, read_out, standardised
from pez.solvers.normalise import is_constant_feature


@dataclass(frozen=True)
class Moments:
    """Mean and variance of the features over each clip's tokens: float64 [n, D]."""

    mean: Tensor
    variance: Tensor

    @classmethod
    def of(cls, tokens: Tensor) -> "Moments":
        """Moments of ``tokens`` [n, P, D], any floating dtype."""
        parts = [torch.var_mean(clip.double(), dim=0, correction=0) for clip in tokens]
        variance, mean = (torch.stack(values) for values in zip(*parts, strict=True))
        return cls(mean, variance)

    def normalisation(self, rows: Tensor, normalisation: Normalisation) -> tuple[Tensor, Tensor]:
        """Mean and scale of the features over the clips ``rows`` and their tokens: float32 [D].

        Constant features keep their scale.
        """
        variance, mean = torch.var_mean(self.mean[rows], dim=0, correction=0)
        one = torch.ones_like(mean)
        if normalisation == "none":
            return torch.zeros_like(mean).float(), one.float()
        if normalisation == "center":
            return mean.float(), one.float()
        deviation = (variance + self.variance[rows].mean(dim=0)).sqrt()
        scale = torch.where(is_constant_feature(mean, deviation), 1.0, deviation)
        return mean.float(), scale.float()


class Inputs(Protocol):
    """Tokens for a classifier of some fits."""

    def logits(self, parameters: Parameters, clips: Tensor, heads: int) -> Tensor:
        """Logits [fits, n] of the clips with numbers ``clips`` [fits, n]."""

    def keep(self, fits: list[int]) -> "Inputs":
        """Return the same for the fits numbered ``fits`` alone."""


@dataclass(frozen=True)
class Standardised:
    """Input of the only block of a classifier.

    Attributes:
        tokens: normalised for every fit, then for every token, float32 [all fits, n, P, D].
        fits: numbers of those that are read, int64 [fits, 1].
    """

    tokens: Tensor
    fits: Tensor

    def logits(self, parameters: Parameters, clips: Tensor, heads: int) -> Tensor:
        """See `Inputs`."""
        return read_out(parameters, self.tokens[self.fits, clips], heads)

    def keep(self, fits: list[int]) -> "Standardised":
        """See `Inputs`."""
        return Standardised(self.tokens, self.fits[fits])


@dataclass(frozen=True)
class Normalised:
    """Input of a classifier of several blocks.

    Attributes:
        tokens: raw, [n, P, D].
        mean: of the features in the training clips of a fit, float32 [fits, 1, 1, D].
        scale: likewise.
    """

    tokens: Tensor
    mean: Tensor
    scale: Tensor

    def logits(self, parameters: Parameters, clips: Tensor, heads: int) -> Tensor:
        """See `Inputs`."""
        tokens = (self.tokens[clips].float() - self.mean) / self.scale
        return classify(parameters, tokens, heads)

    def keep(self, fits: list[int]) -> "Normalised":
        """See `Inputs`."""
        return Normalised(self.tokens, self.mean[fits], self.scale[fits])


def prepare(
    tokens: Tensor,
    moments: Moments,
    splits: Sequence[Split],
    normalisation: Normalisation,
    depth: int,
) -> Inputs:
    """Return the input of classifiers of ``depth`` blocks, one for each of ``splits``."""
    means, scales = [], []
    for split in splits:
        rows = torch.from_numpy(np.flatnonzero(split.train)).to(tokens.device)
        mean, scale = moments.normalisation(rows, normalisation)
        means.append(mean)
        scales.append(scale)
    if depth > 1:
        return Normalised(
            tokens, torch.stack(means)[:, None, None], torch.stack(scales)[:, None, None]
        )
    ready = tokens.new_empty(len(splits), *tokens.shape, dtype=torch.float32)
    for number, (mean, scale) in enumerate(zip(means, scales, strict=True)):
        ready[number] = standardised((tokens.float() - mean).div_(scale))
    return Standardised(ready, torch.arange(len(splits), device=tokens.device)[:, None])
