"""Read and write safetensors files with JSON metadata, checked on the way in and out.

safetensors signals a full disk and a truncated file through one exception type of its own;
this module turns each into a sentence that names the file and the cure.
"""

import json
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from pez.runtime.atomic import atomic_path
from pez.runtime.errors import ArtifactError

_DTYPES: dict[str, np.dtype[Any]] = {
    "U8": np.dtype("uint8"),
    "F16": np.dtype("float16"),
    "F32": np.dtype("float32"),
    "F64": np.dtype("float64"),
    "I64": np.dtype("int64"),
}
_CODES = {dtype: code for code, dtype in _DTYPES.items()}
_ALIGNMENT = 8  # of the data, as the library writes it


def write_tensors(
    path: Path | str, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, Any]
) -> None:
    """Write ``tensors`` and JSON-able ``metadata`` to ``path`` in one atomic step.

    Raises:
        ArtifactError: the disk is full.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    text = {"pez": json.dumps(metadata, sort_keys=True)}
    with atomic_path(path) as temporary:
        try:
            save_file(arrays, temporary, metadata=text)
        except SafetensorError as error:
            if "No space left" in str(error) or "os error 28" in str(error):
                raise OSError(28, "No space left on device") from error
            raise


class RowWriter:
    """Fills the one tensor of a file row by row; made by `rows_of_tensor`."""

    def __init__(
        self, descriptor: int, start: int, dtype: np.dtype, shape: tuple[int, ...]
    ) -> None:
        self._descriptor, self._start = descriptor, start
        self._dtype, self._shape = dtype, shape
        self._row_bytes = dtype.itemsize * int(np.prod(shape[1:]))
        self.missing = shape[0]

    def write(self, first: int, rows: np.ndarray) -> None:
        """Write ``rows`` [k, ...] from row number ``first`` on; each row once, in any order."""
        if rows.dtype != self._dtype or rows.shape[1:] != self._shape[1:]:
            raise ValueError(f"rows {rows.dtype} {rows.shape} of {self._dtype} {self._shape}")
        data = np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data
        offset = self._start + first * self._row_bytes
        while data:  # a write may be cut short
            written = os.pwrite(self._descriptor, data, offset)
            data, offset = data[written:], offset + written
        self.missing -= len(rows)


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
    size = dtype.itemsize * int(np.prod(shape))
    header = {
        "__metadata__": {"pez": json.dumps(metadata, sort_keys=True)},
        name: {"dtype": _CODES[dtype], "shape": list(shape), "data_offsets": [0, size]},
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.flush()
        rows = RowWriter(file.fileno(), 8 + len(text), dtype, shape)
        yield rows
        if rows.missing:
            raise ValueError(f"{rows.missing} of {shape[0]} rows of {path} were not written")


def read_header(path: Path | str) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Return (tensor entries, metadata, byte offset of the data) of the file at ``path``.

    Raises:
        ArtifactError: the file is missing, unreadable, not a safetensors file, or cut short.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            (length,) = struct.unpack("<Q", file.read(8))
            if length > size - 8:
                raise ValueError(f"header of {length} bytes in a file of {size} bytes")
            entries = json.loads(file.read(length))
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} does not exist: run its rule again.") from error
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read ({error.strerror}): check the disk.") from error
    except (ValueError, struct.error) as error:
        raise ArtifactError(
            f"{path} is not a whole safetensors file ({error}): delete it and run again."
        ) from error
    metadata = json.loads((entries.pop("__metadata__", None) or {}).get("pez", "{}"))
    end = max((entry["data_offsets"][1] for entry in entries.values()), default=0)
    if size != 8 + length + end:
        raise ArtifactError(
            f"{path} is damaged: {size} bytes where its header promises {8 + length + end}. "
            "Delete it and run again."
        )
    return entries, metadata, 8 + length


def map_tensor(path: Path | str, name: str) -> np.ndarray:
    """Memory-map tensor ``name`` of the file at ``path``, read-only and without a copy.

    Raises:
        ArtifactError: see `read_header`; or the file holds no such tensor.
    """
    entries, _, start = read_header(path)
    if name not in entries:
        raise ArtifactError(
            f"{path} holds {sorted(entries)} and no tensor {name!r}: delete it and run again."
        )
    entry = entries[name]
    if entry["dtype"] not in _DTYPES:
        raise ArtifactError(
            f"{path} stores {name!r} as {entry['dtype']} (readable: {', '.join(_DTYPES)}): "
            "delete it and run again."
        )
    return np.memmap(
        path,
        dtype=_DTYPES[entry["dtype"]],
        mode="r",
        offset=start + entry["data_offsets"][0],
        shape=tuple(entry["shape"]),
    )


def read_metadata(path: Path | str) -> dict[str, Any]:
    """Return the JSON metadata that `write_tensors` stored in the file at ``path``."""
    return read_header(path)[1]
