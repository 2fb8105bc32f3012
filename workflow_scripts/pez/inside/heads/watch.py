"""How far the heads of some blocks look, what they write on average, and how much beyond that.

All three come from one pass. What head h writes at a token is W_h z, with z its attended values and
W_h its columns of the output projection. Beyond m, its mean over clips at that token, it writes
|W_h (z - m)|^2, and the mean of this over clips and tokens is tr(W_h^T W_h C_h), with C_h the
covariance of z about m. So sums of z for each token, and of z z^T for each head, are enough.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pez.encoders.transformer import Attention
from pez.inside.ablation.attend import Attend, attending
from pez.inside.attention import AttentionDistance
from pez.inside.distances import FIELDS
from pez.inside.network import Network
from pez.runtime.errors import ArtifactError


@dataclass(frozen=True)
class Heads:
    """The heads of one block, over all clips.

    Attributes:
        distance: attention distance of each, float64 [heads].
        written: mean squared norm of what each writes beyond its mean, float64 [heads].
        mean: attended values, mean over clips, float32 [tokens, heads, head size].
    """

    distance: Tensor
    written: Tensor
    mean: Tensor


class _Watch:
    """Attention as it was; keeps sums of what it sees."""

    def __init__(self, own: Attend, distance: Callable[[Tensor, Tensor, float], Tensor]) -> None:
        self._own, self._distance = own, distance
        self.clips = 0
        self.distances: Tensor | float = 0.0
        self.first: Tensor | float = 0.0  # [tokens, heads, head size]
        self.second: Tensor | float = 0.0  # [heads, head size, head size]

    def __call__(self, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        attended = self._own(query, key, value, scaling)
        self.clips += len(attended)
        self.distances += self._distance(query.transpose(1, 2), key.transpose(1, 2), scaling)
        values = attended.double()
        self.first += values.sum(dim=0)
        self.second += torch.einsum("cthi,cthj->hij", values, values)
        return attended

    def heads(self, attention: Attention) -> Heads:
        """What was seen of all clips; ``attention`` projects what the heads attended."""
        assert isinstance(self.first, Tensor) and isinstance(self.second, Tensor)
        assert isinstance(self.distances, Tensor)
        mean = self.first / self.clips
        tokens, heads, size = mean.shape
        about = self.second - self.clips * torch.einsum("thi,thj->hij", mean, mean)
        columns = attention.proj.weight.double().unflatten(1, (heads, size)).transpose(0, 1)
        gram = columns.mT @ columns
        written = (gram * about).sum(dim=(1, 2)) / (self.clips * tokens)
        return Heads(self.distances.cpu() / self.clips, written.cpu(), mean.float())


def watch_heads(network: Network, blocks: Sequence[int], measure: str) -> dict[int, Heads]:
    """Run all clips once and look at the heads of some ``blocks`` (numbers from 0).

    Args:
        network: with its clips.
        blocks: which.
        measure: of `FIELDS`: what distance is.

    Raises:
        ArtifactError: a value is not finite.
    """
    encoder = network.ready.encoder
    far = AttentionDistance(network.ready.grid, network.ready.compute.device)
    field = FIELDS.index(measure)

    def distance(query: Tensor, key: Tensor, scaling: float) -> Tensor:
        return far(query, key, scaling)[..., field].double().sum(dim=0)

    attentions = {block: encoder.blocks()[block].attention for block in blocks}
    watches = {block: _Watch(one.attend, distance) for block, one in attentions.items()}

    def run(pixels: Tensor) -> None:
        tokens = encoder.embed(pixels)
        for block in encoder.blocks()[: max(blocks) + 1]:
            tokens = block(tokens)

    with attending(encoder, watches):
        for _ in network.batches(run):
            pass
    found = {block: watches[block].heads(one) for block, one in attentions.items()}
    for block, heads in found.items():
        if not all(torch.isfinite(value).all() for value in (heads.distance, heads.written)):
            raise ArtifactError(network.not_finite(f"attention of block {block}"))
    return found


@dataclass(frozen=True)
class WithoutHeads:
    """Attention in which some heads attend to their mean over clips, whatever the clip.

    Attributes:
        own: attention as it was.
        heads: which are taken.
        mean: of all heads, [tokens, heads, head size].
    """

    own: Attend
    heads: Sequence[int]
    mean: Tensor

    def __call__(self, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        """Attend: three of [clips, heads, tokens, size] to one [clips, tokens, heads, size]."""
        attended = self.own(query, key, value, scaling).clone()
        taken = list(self.heads)
        attended[:, :, taken] = self.mean[:, taken].to(attended.dtype)
        return attended
