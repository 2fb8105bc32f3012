"""The header of a safetensors file, read without trust: it may be damaged or made by others."""

import json
import math
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from pez.runtime.errors import ArtifactError
from pez.runtime.regular import open_regular

KEY = "pez"  # of this project's JSON in the metadata
_MOST_BYTES = 100_000_000  # of a header, as in the library
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "U16": 16, "I16": 16, "F16": 16,
    "BF16": 16, "U32": 32, "I32": 32, "F32": 32, "U64": 64, "I64": 64, "F64": 64, "C64": 64,
}  # fmt: skip


@dataclass(frozen=True)
class Header:
    """What a safetensors file says of itself.

    Attributes:
        entries: dtype, shape and data_offsets of every tensor, by name.
        metadata: the JSON object under `KEY`; empty in files of others.
        start: offset in the file of the first byte of data.
        size: bytes of data.
    """

    entries: dict[str, dict[str, Any]]
    metadata: dict[str, Any]
    start: int
    size: int


def parse_header(path: Path | str) -> Header:
    """Read the header of the file at ``path`` and check that the file is as long as it says.

    Raises:
        ArtifactError: the file is missing, unreadable, no safetensors file, damaged or cut short.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(size - 8, _MOST_BYTES):
                raise ValueError(f"header of {length} bytes in a file of {size} bytes")
            entries = _object(json.loads(file.read(length)), "the header")
            notes = _object(entries.pop("__metadata__", {}), "__metadata__")
            metadata = _object(_parse(notes.get(KEY, "{}")), f"metadata {KEY}")
            end = _check_entries(entries)
        except OSError as error:
            raise ArtifactError(
                f"{path} cannot be read ({error.strerror}): check the disk."
            ) from error
        except (ValueError, struct.error, RecursionError) as error:
            raise ArtifactError(
                f"{path} is not a whole safetensors file ({_brief(error)}): delete it and run "
                "again."
            ) from error
    if size != 8 + length + end:
        raise ArtifactError(
            f"{path} is damaged: {size} bytes where its header promises {8 + length + end}. "
            "Delete it and run again."
        )
    return Header(entries, metadata, 8 + length, end)


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is {_named(value)} and no JSON object")
    return value


def _parse(text: Any) -> Any:
    if not isinstance(text, str):
        raise ValueError(f"metadata {KEY} is {_named(text)} and no text")
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"metadata {KEY} is no JSON: {error}") from error


def _check_entries(entries: Mapping[str, Any]) -> int:
    """Check that the tensors fill the data without gap or overlap; return where they end."""
    spans = []
    for name, entry in entries.items():
        fields = _object(entry, f"tensor {name!r}")
        told = [fields.get(key) for key in ("dtype", "shape", "data_offsets")]
        dtype, shape, offsets = told
        if (
            not isinstance(dtype, str)
            or not _are_sizes(shape)
            or not _are_sizes(offsets)
            or len(offsets) != 2
        ):
            raise ValueError(
                f"tensor {name!r} has dtype, shape, data_offsets = {', '.join(map(_named, told))}"
            )
        begin, end = offsets
        bits = _BITS.get(dtype)
        if end < begin or (bits and end - begin != math.prod(shape) * bits // 8):
            raise ValueError(f"tensor {name!r} of {dtype} {shape} lies from {begin} to {end}")
        spans.append((begin, end, name))
    reached = 0
    for begin, end, name in sorted(spans):
        if begin != reached:
            raise ValueError(
                f"tensor {name!r} begins at {begin} where the one before ends at {reached}"
            )
        reached = end
    return reached


def _are_sizes(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)


def _named(value: Any) -> str:
    """A value in few words: what a damaged file holds may be long."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    simple = value is None or isinstance(value, int | float) or _are_sizes(value)
    text = json.dumps(value) if simple and not isinstance(value, bool) else ""
    return text if 0 < len(text) < 60 else kinds.get(type(value), "a number")


def _brief(error: BaseException) -> str:
    text = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
    return text if len(text) < 300 else f"{text[:300]} ..."
