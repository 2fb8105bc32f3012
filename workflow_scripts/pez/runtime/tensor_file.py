"""Read and write safetensors files with JSON metadata and a checksum, checked on the way in.

The metadata stand in the header as one JSON text, and in it the checksum of the data: everything
after the header, as it lies in the file. Reading a tensor compares the two.
"""

import os
import struct
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pez.runtime.atomic import atomic_path
from pez.runtime.checksum import UNKNOWN, Checksum, checksum
from pez.runtime.errors import ArtifactError
from pez.runtime.header import Header, parse_header
from pez.runtime.tensor_layout import CHECKSUM_KEY, DTYPES, Layout, header_of, in_order

_WRITERS = 2  # threads that copy to the disk's cache

# Files that this process has compared with their checksums: path, inode, time of change, size.
_checked: dict[tuple[str, int, int, int], str] = {}


def write_tensors(
    path: Path | str, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, Any]
) -> None:
    """Write ``tensors`` and JSON-able ``metadata`` to ``path`` in one atomic step.

    Raises:
        ArtifactError: the disk is full.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    layout = {name: (array.dtype, array.shape) for name, array in arrays.items()}
    with tensors_of_file(path, layout, metadata) as write:
        for name, array in arrays.items():
            write(name, array)


@contextmanager
def tensors_of_file(
    path: Path | str,
    layout: Layout,
    metadata: Mapping[str, Any],
) -> Iterator[Callable[[str, np.ndarray], None]]:
    """Write tensors to ``path`` as they become known, in any order: yields ``write(name, array)``.

    It returns at once: other threads copy to the disk, and the array must stay as it is. The file
    has the bytes of the library's ``save_file``, and appears under its name when the block ends
    with every tensor written.

    Args:
        path: the file.
        layout: dtype and shape of every tensor.
        metadata: JSON-able.

    Raises:
        ArtifactError: the disk is full.
        ValueError: the block ended without an error and without all tensors.
    """
    text, places, waiting = header_of(layout, metadata), in_order(layout), dict(layout)
    with (
        atomic_path(path) as temporary,
        temporary.open("w+b") as file,
        ThreadPoolExecutor(_WRITERS, thread_name_prefix="write") as pool,
    ):
        file.write(text)
        file.flush()
        copies: list[Future[None]] = []

        def write(name: str, array: np.ndarray) -> None:
            if (array.dtype, array.shape) != waiting.pop(name):
                raise ValueError(f"{name} is {array.dtype} {array.shape} and not {layout[name]}")
            data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
            place = len(text) + places[name][0]
            copies.append(pool.submit(_write_all, file.fileno(), data, place))

        yield write
        for copy in copies:
            copy.result()
        if waiting:
            raise ValueError(f"{sorted(waiting)} of {path} were not written")
        _state_checksum(file.fileno(), data_checksum(temporary))


def _state_checksum(descriptor: int, value: str) -> None:
    """Write the checksum into its room in the header of an open file."""
    (length,) = struct.unpack("<Q", os.pread(descriptor, 8, 0))
    place = os.pread(descriptor, length, 8).index(UNKNOWN.encode())
    _write_all(descriptor, memoryview(value.encode()), 8 + place)


def _write_all(descriptor: int, data: memoryview, offset: int) -> None:
    while data:  # a write may be cut short
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written


class RowWriter:
    """Fills the one tensor of a file row by row; made by `rows_of_tensor`."""

    def __init__(
        self, descriptor: int, start: int, dtype: np.dtype, shape: tuple[int, ...]
    ) -> None:
        self._descriptor, self._start = descriptor, start
        self._dtype, self._shape = dtype, shape
        self._row_bytes = dtype.itemsize * int(np.prod(shape[1:]))
        self._checksum: Checksum | None = Checksum()  # of the rows so far, while they come in order
        self._next = 0
        self.missing = shape[0]

    def write(self, first: int, rows: np.ndarray) -> None:
        """Write ``rows`` [k, ...] from row number ``first`` on; each row once, in any order."""
        if rows.dtype != self._dtype or rows.shape[1:] != self._shape[1:]:
            raise ValueError(f"rows {rows.dtype} {rows.shape} of {self._dtype} {self._shape}")
        data = np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data
        if first != self._next:
            self._checksum = None
        if self._checksum is not None:
            self._checksum.update(data)
        self._next = first + len(rows)
        _write_all(self._descriptor, data, self._start + first * self._row_bytes)
        self.missing -= len(rows)

    @property
    def checksum(self) -> str | None:
        """Checksum of all rows, if they came in their order."""
        return None if self._checksum is None else self._checksum.text()


@contextmanager
def rows_of_tensor(
    path: Path | str,
    name: str,
    dtype: np.dtype,
    shape: tuple[int, ...],
    metadata: Mapping[str, Any],
) -> Iterator[RowWriter]:
    """Write tensor ``name`` to ``path`` as its rows become known: memory for none of them.

    The file has the bytes of `write_tensors`, and appears under its name when the block ends with
    every row written.

    Raises:
        ArtifactError: the disk is full.
        ValueError: the block ended without an error and without all rows.
    """
    text = header_of({name: (dtype, shape)}, metadata)
    with atomic_path(path) as temporary, temporary.open("w+b") as file:
        file.write(text)
        file.flush()
        rows = RowWriter(file.fileno(), len(text), dtype, shape)
        yield rows
        if rows.missing:
            raise ValueError(f"{rows.missing} of {shape[0]} rows of {path} were not written")
        _state_checksum(file.fileno(), rows.checksum or data_checksum(temporary))


def read_header(path: Path | str) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Return (tensor entries, metadata, byte offset of the data) of the file at ``path``.

    The data are not looked at: what is computed from them is checked by `map_tensor` or
    `check_data`.

    Raises:
        ArtifactError: the file is missing, unreadable, not a safetensors file, or cut short.
    """
    header = parse_header(path)
    return header.entries, _without_checksum(header), header.start


def read_metadata(path: Path | str) -> dict[str, Any]:
    """Return the JSON metadata that `write_tensors` stored in the file at ``path``."""
    return read_header(path)[1]


def stored_checksum(path: Path | str) -> str | None:
    """Return the checksum that the header of the file at ``path`` states; None for none."""
    return parse_header(path).metadata.get(CHECKSUM_KEY)


def known_checksum(path: Path | str) -> str:
    """Return the checksum by which the data at ``path`` are known, without reading them.

    Of a file of others, which states none, it is computed.
    """
    return stored_checksum(path) or data_checksum(path)


def map_tensor(path: Path | str, name: str) -> np.ndarray:
    """Memory-map tensor ``name`` of the file at ``path``, read-only and without a copy.

    Raises:
        ArtifactError: see `read_header` and `check_data`; or the file holds no such tensor.
    """
    header = parse_header(path)
    if name not in header.entries:
        raise ArtifactError(
            f"{path} holds {sorted(header.entries)} and no tensor {name!r}: delete it and run "
            "again."
        )
    entry = header.entries[name]
    if entry["dtype"] not in DTYPES:
        raise ArtifactError(
            f"{path} stores {name!r} as {entry['dtype']} (readable: {', '.join(DTYPES)}): "
            "delete it and run again."
        )
    check_data(path)
    dtype, shape = DTYPES[entry["dtype"]], tuple(entry["shape"])
    if 0 in shape:  # nothing to map
        return np.empty(shape, dtype)
    offset = header.start + entry["data_offsets"][0]
    return np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=shape)


def check_data(path: Path | str) -> str:
    """Compare the data of the file at ``path`` with its checksum, and return that.

    A process reads a file for this once, however often it asks.

    Raises:
        ArtifactError: see `read_header`; or the data are not those that were written, or the file
            states no checksum.
    """
    header = parse_header(path)
    state = Path(path).stat()
    key = (str(path), state.st_ino, state.st_mtime_ns, state.st_size)
    if key in _checked:
        return _checked[key]
    stated = header.metadata.get(CHECKSUM_KEY)
    if stated is None:
        raise ArtifactError(
            f"{path} states no checksum: it was not written by this version of the workflow. "
            "Delete it and run again."
        )
    found = data_checksum(path, header)
    if found != stated:
        raise ArtifactError(
            f"{path} is damaged: its data have the checksum {found} where its header states "
            f"{stated}, so that some of them have changed since they were written. Delete it and "
            "run again."
        )
    _checked[key] = found
    return found


def checked_checksum(path: Path | str) -> str:
    """Return the checksum of the data at ``path``, compared with the stated one where there is one.

    Weights that others wrote state none.

    Raises:
        ArtifactError: see `read_header`; or the data are not those that were written.
    """
    return data_checksum(path) if stored_checksum(path) is None else check_data(path)


def data_checksum(path: Path | str, header: Header | None = None) -> str:
    """Return the checksum of the data of the safetensors file at ``path``, whoever wrote it."""
    header = header or parse_header(path)
    if not header.size:
        return checksum()
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=header.start, shape=(header.size,))
    return checksum(data.data)


def _without_checksum(header: Header) -> dict[str, Any]:
    return {name: value for name, value in header.metadata.items() if name != CHECKSUM_KEY}
