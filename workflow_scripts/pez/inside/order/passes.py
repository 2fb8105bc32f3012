"""Mean-pooled residual states of clips, in their own order of frames or in another."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pez.controls.reorder import ReorderedClips
from pez.encoders.residual_stream import capture_streams
from pez.features.batches import Clips
from pez.inside.network import Network
from pez.runtime.errors import ArtifactError


def pooled_states(network: Network, orders: NDArray[np.int64] | None = None) -> Tensor:
    """Mean over all tokens of every residual state of every clip, float32 [L + 1, clips, D].

    Sums are made in float64: what differs in the order of its tokens alone then has the same mean,
    up to the last digit of some.

    Args:
        network: with its clips.
        orders: of the frames of every clip, int64 [clips, frames]; None: their own.

    Raises:
        ArtifactError: a value is not finite.
    """
    shown = network if orders is None else _in_orders(network, orders)
    means = torch.cat([found for _, found in shown.batches(partial(_means, network))], dim=1)
    if not torch.isfinite(means).all():
        state = int(torch.argwhere(~torch.isfinite(means))[0, 0])
        raise ArtifactError(network.not_finite(f"residual state {state}"))
    return means


def _means(network: Network, pixels: Tensor) -> Tensor:
    """Mean-pooled states of a batch, float32 [L + 1, clips, D]."""

    def mean(_: int, tokens: Tensor) -> Tensor:
        return tokens.double().mean(dim=1).float()

    return torch.stack(capture_streams(network.ready.encoder, pixels, mean))


def _in_orders(network: Network, orders: NDArray[np.int64]) -> Network:
    """The network with the frames of every clip in another order."""
    shards: list[Callable[[], Clips]] = []
    first = 0
    for shard in network.shards:
        count = len(shard())
        shards.append(partial(_reordered, shard, orders[first : first + count]))
        first += count
    return replace(network, shards=shards)


def _reordered(shard: Callable[[], Clips], orders: NDArray[np.int64]) -> Clips:
    clips = cast(NDArray[Any], shard())  # read by slices only
    return ReorderedClips(clips, orders)
