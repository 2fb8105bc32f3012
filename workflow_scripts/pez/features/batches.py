"""Clips in batches that shrink when the memory does not suffice."""

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

import torch
from numpy.typing import NDArray

from pez.runtime.errors import PezError

T = TypeVar("T")

_log = logging.getLogger(__name__)

# PyTorch's CPU allocator raises a bare RuntimeError; these are its words.
_CPU_ALLOCATOR = ("can't allocate memory", "not enough memory")


def in_batches(
    frames: NDArray, run: Callable[[NDArray], T], batch_size: int
) -> Iterator[tuple[slice, T]]:
    """Yield (rows, ``run(frames[rows])``) over the clips, ``batch_size`` or fewer at a time.

    When ``run`` is out of memory, the batch is halved, with a logged warning, for this batch and
    all later ones.

    Raises:
        PezError: out of memory with a single clip.
    """
    start = 0
    while start < len(frames):
        rows = slice(start, min(start + batch_size, len(frames)))
        try:
            result = run(frames[rows])
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            if batch_size == 1:
                raise PezError(
                    "out of memory with a single clip in the batch (extraction.batch_size has been "
                    "halved down to 1): run fewer jobs at a time, or on a device with more memory."
                ) from error
            reason = str(error).strip().split("\n")[0]
        else:
            yield rows, result
            start = rows.stop
            continue
        # Outside the except block: there the traceback still holds the failed batch's tensors.
        batch_size = max(1, min(batch_size, rows.stop - rows.start) // 2)
        _log.warning("out of memory (%s): batch_size is now %d", reason, batch_size)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return any(words in str(error) for words in _CPU_ALLOCATOR)
