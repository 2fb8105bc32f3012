"""Clips in another order of time: made when they are read, clip by clip."""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Order = Callable[[int, np.random.Generator], NDArray[np.int64]]


class ReorderedClips:
    """The clips of a shard, each in an order of its own; read as the array of their frames is.

    Attributes:
        shape: of the array: (n, T, H, W, 3).
    """

    def __init__(self, frames: NDArray[np.uint8], orders: NDArray[np.int64]) -> None:
        self._frames, self._orders = frames, orders
        self.shape: tuple[int, ...] = frames.shape

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, rows: slice, /) -> NDArray[np.uint8]:
        clips = zip(self._frames[rows], self._orders[rows], strict=True)
        return np.stack([clip[order] for clip, order in clips])


def reordered(
    frames: NDArray[np.uint8], clip_ids: Sequence[str], seed: int, order: Order
) -> ReorderedClips:
    """Give every clip an order of its own, drawn for its name and ``seed``.

    A clip has the same order in whatever shard or batch it lies, and beside whatever other clips.

    Args:
        frames: uint8 [n, T, H, W, 3].
        clip_ids: names of the n clips.
        seed: of the draws.
        order: draws the order of the T frames of one clip, int64 [T].
    """
    orders = [order(frames.shape[1], _draws(clip, seed)) for clip in clip_ids]
    return ReorderedClips(frames, np.stack(orders))


def _draws(clip: str, seed: int) -> np.random.Generator:
    digest = hashlib.sha256(clip.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])
