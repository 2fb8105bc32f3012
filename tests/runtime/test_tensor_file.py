"""A tensor file that grows row by row is the file that would be written at once, or no file."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import map_tensor, rows_of_tensor, write_tensors

VALUES = np.arange(5 * 3 * 2, dtype=np.float32).reshape(5, 3, 2)
METADATA = {"model": "tiny", "stream": 3}


def written_in_pieces(path: Path, pieces: list[slice]) -> None:
    with rows_of_tensor(path, "features", VALUES.dtype, VALUES.shape, METADATA) as rows:
        for piece in pieces:
            rows.write(piece.start, VALUES[piece])


def test_the_bytes_are_those_of_a_file_written_at_once_in_any_order(tmp_path: Path) -> None:
    write_tensors(tmp_path / "whole", {"features": VALUES}, METADATA)
    written_in_pieces(tmp_path / "pieces", [slice(3, 5), slice(0, 1), slice(1, 3)])
    assert (tmp_path / "pieces").read_bytes() == (tmp_path / "whole").read_bytes()
    np.testing.assert_array_equal(map_tensor(tmp_path / "pieces", "features"), VALUES)


def test_missing_rows_leave_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 of 5 rows"):
        written_in_pieces(tmp_path / "features", [slice(0, 3)])
    assert not list(tmp_path.iterdir())


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "features"
    written_in_pieces(path, [slice(0, 5)])
    before = path.read_bytes()
    with (
        pytest.raises(RuntimeError, match="midway"),
        rows_of_tensor(path, "features", VALUES.dtype, VALUES.shape, {}) as rows,
    ):
        rows.write(0, VALUES[:2] + 1)
        raise RuntimeError("midway")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("rows", [VALUES.astype(np.float64), VALUES[:, :2]])
def test_rows_of_another_dtype_or_shape_are_refused(rows: np.ndarray, tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match=r"float32 .*5, 3, 2"),
        rows_of_tensor(tmp_path / "features", "x", VALUES.dtype, VALUES.shape, {}) as file,
    ):
        file.write(0, rows)


def test_a_write_cut_short_goes_on_and_a_full_disk_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.pwrite

    def in_small_steps(descriptor: int, data: memoryview, offset: int) -> int:
        return whole(descriptor, data[:7], offset)

    monkeypatch.setattr(os, "pwrite", in_small_steps)
    written_in_pieces(tmp_path / "features", [slice(0, 5)])
    np.testing.assert_array_equal(map_tensor(tmp_path / "features", "features"), VALUES)

    def full(descriptor: int, data: memoryview, offset: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(ArtifactError, match="no space left"):
        written_in_pieces(tmp_path / "more", [slice(0, 5)])
    assert not (tmp_path / "more").exists()
