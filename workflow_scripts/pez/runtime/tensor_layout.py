"""The layout of a safetensors file that is to be written: the library's, byte for byte."""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from pez.runtime.checksum import UNKNOWN
from pez.runtime.header import KEY

Layout = Mapping[str, tuple[np.dtype, tuple[int, ...]]]  # dtype and shape by name

DTYPES: dict[str, np.dtype[Any]] = {
    "U8": np.dtype("uint8"),
    "F16": np.dtype("float16"),
    "F32": np.dtype("float32"),
    "F64": np.dtype("float64"),
    "I64": np.dtype("int64"),
}
CODES = {dtype: code for code, dtype in DTYPES.items()}
_ORDER = list(DTYPES)  # as the library counts alignments
_ALIGNMENT = 8  # of the data, as the library writes it
CHECKSUM_KEY = "checksum"  # among the metadata


def in_order(layout: Layout) -> dict[str, tuple[int, int]]:
    """Return where the data of every tensor begin and end, in the order of the file.

    The library's order: large numbers first, so that all are aligned, then by name.
    """
    places, start = {}, 0
    for name in sorted(layout, key=lambda name: (-_ORDER.index(CODES[layout[name][0]]), name)):
        dtype, shape = layout[name]
        end = start + dtype.itemsize * int(np.prod(shape, dtype=np.int64))
        places[name] = (start, end)
        start = end
    return places


def header_of(layout: Layout, metadata: Mapping[str, Any]) -> bytes:
    """Return what stands before the data, with room in the metadata for their checksum."""
    known = json.dumps({**metadata, CHECKSUM_KEY: UNKNOWN}, sort_keys=True)
    header: dict[str, Any] = {"__metadata__": {KEY: known}}
    for name, span in in_order(layout).items():
        dtype, shape = layout[name]
        header[name] = {"dtype": CODES[dtype], "shape": list(shape), "data_offsets": list(span)}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return struct.pack("<Q", len(text)) + text
