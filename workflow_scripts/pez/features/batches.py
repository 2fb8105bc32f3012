"""Clips in batches that shrink when the memory does not suffice."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

import torch
from numpy.typing import NDArray

from pez.runtime.errors import PezError

T = TypeVar("T")

_log = logging.getLogger(__name__)

# PyTorch's CPU allocator raises a bare RuntimeError; these are its words.
_CPU_ALLOCATOR = ("can't allocate memory", "not enough memory")


class Clips(Protocol):
    """Clips of a shard: an array of their frames, or what is read like one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, T, H, W, 3)."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> NDArray: ...


def in_batches(
    shards: Iterable[Clips], run: Callable[[NDArray], T], batch_size: int
) -> Iterator[tuple[int, slice, T]]:
    """Yield (shard, rows, ``run(clips)``) over all shards, at most ``batch_size`` clips at a time.

    No batch holds clips of two shards, so that what comes out of a clip does not depend on which
    shards are read together. When ``run`` is out of memory, the batch is halved, with a logged
    warning, for this batch and all later ones.

    Args:
        shards: arrays [clips, ...], taken one by one.
        run: called with some clips of one shard.
        batch_size: clips in a batch.

    Yields:
        Place of the shard among all, of the clips within it, and what ``run`` returned for them.

    Raises:
        PezError: out of memory with a single clip.
    """
    for place, shard in enumerate(shards):
        start = 0
        while start < len(shard):
            stop = min(start + batch_size, len(shard))
            try:
                result = run(shard[start:stop])
            except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error):
                    raise
                if batch_size == 1:
                    raise PezError(
                        "out of memory with a single clip in the batch (extraction.batch_size has "
                        "been halved down to 1): run fewer jobs at a time, or on a device with "
                        "more memory."
                    ) from error
                reason = str(error).strip().split("\n")[0]
            else:
                yield place, slice(start, stop), result
                start = stop
                continue
            # Outside the except block: there the traceback still holds the failed batch's tensors.
            batch_size = max(1, min(batch_size, stop - start) // 2)
            _log.warning("out of memory (%s): batch_size is now %d", reason, batch_size)
            if torch.cuda.is_available():
                torch.cuda.empty_cache()


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return any(words in str(error) for words in _CPU_ALLOCATOR)
