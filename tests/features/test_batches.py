"""Batches shrink when memory runs out, and nothing else is mistaken for that."""

import logging

import numpy as np
import pytest
import torch

from pez.features.batches import in_batches
from pez.runtime.errors import PezError

FRAMES = np.arange(11)


def runner(fits: int, error: Exception):
    """A forward pass that fails on more than ``fits`` clips; records the sizes tried."""
    tried = []

    def run(batch):
        tried.append(len(batch))
        if len(batch) > fits:
            raise error
        return batch * 10

    return run, tried


def collected(batches, shards=(FRAMES,)):
    places, rows, values = zip(*batches, strict=True)
    assert list(places) == sorted(places)
    indices = np.concatenate([shards[place][row] for place, row in zip(places, rows, strict=True)])
    assert np.array_equal(indices, FRAMES)
    return np.concatenate(values)


# The CPU's error is the real one: no machine has 8 EB.
def cpu_error() -> Exception:
    try:
        torch.empty(2**60)
    except RuntimeError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        cpu_error(),
        MemoryError(),
    ],
    ids=["cuda", "cpu", "python"],
)
def test_batch_is_halved_until_it_fits_with_a_warning(error, caplog):
    run, tried = runner(2, error)
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(collected(in_batches([FRAMES], run, 8)), FRAMES * 10)
    assert tried == [8, 4, 2, 2, 2, 2, 2, 1]
    assert [record.message.split(": ")[-1] for record in caplog.records] == [
        "batch_size is now 4",
        "batch_size is now 2",
    ]


def test_a_batch_larger_than_the_shard_is_halved_from_what_it_was():
    run, tried = runner(5, MemoryError())
    collected(in_batches([FRAMES], run, 64))
    assert tried == [11, 5, 5, 1]


def test_single_clip_that_does_not_fit():
    run, _ = runner(0, MemoryError())
    with pytest.raises(PezError, match=r"single clip .*extraction.batch_size"):
        collected(in_batches([FRAMES], run, 4))


def test_other_errors_pass_through():
    run, tried = runner(0, RuntimeError("shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="multiplied"):
        collected(in_batches([FRAMES], run, 4))
    assert tried == [4]


def test_no_memory_shortage_no_warning(caplog):
    run, tried = runner(4, MemoryError())
    collected(in_batches([FRAMES], run, 4))
    assert tried == [4, 4, 3] and not caplog.records


def test_batches_stay_within_a_shard():
    run, tried = runner(3, MemoryError())
    shards = (FRAMES[:5], FRAMES[5:])
    batches = in_batches(iter(shards), run, 4)
    assert np.array_equal(collected(batches, shards), FRAMES * 10)
    assert tried == [4, 2, 2, 1, 2, 2, 2]
