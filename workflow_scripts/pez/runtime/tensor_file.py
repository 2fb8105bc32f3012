"""Read and write safetensors files with JSON metadata, checked on the way in and out.

safetensors signals a full disk and a truncated file through one exception type of its own;
this module turns each into a sentence that names the file and the cure.
"""

import json
import struct
from collections.abc import Mapping
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
