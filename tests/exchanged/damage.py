"""Ways in which artefacts are exchanged and damaged: by hand, by other tools, by the disk."""

import json
import os
import shutil
import struct
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import safetensors
import safetensors.numpy

from pez.runtime.table_metadata import CHECKSUM, table_metadata
from pez.runtime.tables import write_table
from pez.runtime.tensor_file import read_metadata, write_tensors


def swap(one: Path, other: Path) -> None:
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def put(source: Path, target: Path) -> None:
    """Another file under this name."""
    shutil.copyfile(source, target)


def flip(path: Path) -> None:
    """One bit of the last byte but ten: of the data, in tensor files."""
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(data)


def flip_in_table(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[60] ^= 1  # in the first page of the first column
    path.write_bytes(data)


def rewrite(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Change the first tensor with the public library; the metadata are kept, as tools do."""
    with safetensors.safe_open(path, "np") as file:
        metadata = file.metadata()
    tensors = {name: array.copy() for name, array in safetensors.numpy.load_file(path).items()}
    name = next(iter(tensors))
    tensors[name] = np.ascontiguousarray(change(tensors[name]))
    safetensors.numpy.save_file(tensors, path, metadata=metadata)


def forge(
    path: Path, change: Callable[[np.ndarray], np.ndarray] = lambda array: array, **metadata: Any
) -> None:
    """Write the file anew with a right checksum: what a wrong program of ours would write."""
    tensors = {name: array.copy() for name, array in safetensors.numpy.load_file(path).items()}
    name = next(iter(tensors))
    known = read_metadata(path)
    write_tensors(path, tensors | {name: change(tensors[name])}, known | metadata)


def rewrite_table(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Change a table with another program that keeps the metadata."""
    before = pa.parquet.read_table(path)
    after = pa.Table.from_pandas(change(before.to_pandas()), preserve_index=False)
    pa.parquet.write_table(after.replace_schema_metadata(before.schema.metadata), path)


def export_table(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Change a table with pandas alone, which drops the metadata."""
    change(pd.read_parquet(path)).to_parquet(path)


def forge_table(
    path: Path,
    change: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table,
    **metadata: Any,
) -> None:
    known = {name: value for name, value in table_metadata(path).items() if name != CHECKSUM}
    write_table(path, change(pd.read_parquet(path)), known | metadata)


def broken_notes(path: Path, value: bytes) -> None:
    """Give a table other metadata of ours."""
    table = pa.parquet.read_table(path)
    known = {**table.schema.metadata, b"pez": value}
    pa.parquet.write_table(table.replace_schema_metadata(known), path)


def shuffle(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: table.assign(**{column: table[column].to_numpy()[::-1]})


def backwards(rows: Any) -> Any:
    return rows[::-1]


def blank(array: np.ndarray) -> np.ndarray:
    return np.zeros_like(array)


def header(content: Any) -> Callable[[Path], None]:
    """Give a tensor file another header: JSON-able ``content``, or raw bytes; the data stay."""

    def damage(path: Path) -> None:
        data = path.read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])

    return damage


def entry(**changes: Any) -> Callable[[Path], None]:
    """Change the description of the one tensor of a file."""

    def damage(path: Path) -> None:
        known = _header(path)
        name = next(name for name in known if name != "__metadata__")
        header(known | {name: known[name] | changes})(path)

    return damage


def notes(value: Any) -> Callable[[Path], None]:
    """Give a tensor file other metadata."""
    return lambda path: header(_header(path) | {"__metadata__": value})(path)


def _header(path: Path) -> Mapping[str, Any]:
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length])


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def text(content: str) -> Callable[[Path], int]:
    return lambda path: path.write_text(content)


NESTED = "[" * 100_000 + "]" * 100_000


def edit_text(path: Path, old: str, new: str) -> None:
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new))


def bomb(path: Path) -> None:
    """A PNG of some kilobytes that claims to be of 60,000 x 60,000 pixels."""
    data = bytearray(path.read_bytes())
    data[16:24] = struct.pack(">II", 60_000, 60_000)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    path.write_bytes(data)
