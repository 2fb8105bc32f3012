"""A tensor file that grows row by row is the file that would be written at once, or no file."""

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from pez.runtime.errors import ArtifactError
from pez.runtime.header import KEY, parse_header
from pez.runtime.tensor_file import (
    check_data,
    map_tensor,
    rows_of_tensor,
    tensors_of_file,
    write_tensors,
)

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


MIXED = {
    "b.small": np.arange(5, dtype=np.uint8),
    "a.rounded": np.ones((2, 3), np.float16),
    "z": np.arange(6, dtype=np.float32).reshape(2, 3)[:, ::2],
    "count": np.array([7]),
    "exact": np.zeros((0, 4)),
}


def test_tensors_in_any_order_have_the_bytes_that_the_library_writes(tmp_path: Path) -> None:
    notes = {"a": 1, "ü": "é"}
    write_tensors(tmp_path / "ours", MIXED, notes)
    layout = {name: (array.dtype, array.shape) for name, array in MIXED.items()}
    with tensors_of_file(tmp_path / "pieces", layout, notes) as write:
        for name in sorted(MIXED):
            write(name, MIXED[name])
    header = parse_header(tmp_path / "ours")
    whole = {name: np.ascontiguousarray(array) for name, array in MIXED.items()}
    metadata = json.dumps(header.metadata, sort_keys=True)
    save_file(whole, tmp_path / "library", metadata={KEY: metadata})
    ours = (tmp_path / "ours").read_bytes()
    assert ours == (tmp_path / "library").read_bytes() == (tmp_path / "pieces").read_bytes()
    assert check_data(tmp_path / "ours") == header.metadata["checksum"]


def test_a_missing_tensor_or_one_of_another_shape_leaves_no_file(tmp_path: Path) -> None:
    layout = {"x": (np.dtype("float32"), (3,)), "y": (np.dtype("float32"), (3,))}
    with (
        pytest.raises(ValueError, match=r"\['y'\] of .* not written"),
        tensors_of_file(tmp_path / "file", layout, {}) as write,
    ):
        write("x", np.zeros(3, np.float32))
    with (
        pytest.raises(ValueError, match="float64"),
        tensors_of_file(tmp_path / "file", layout, {}) as write,
    ):
        write("x", np.zeros(3))
    assert not list(tmp_path.iterdir())


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
