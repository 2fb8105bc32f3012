"""Parquet tables that say whose they are, written atomically and checked when they are read.

Beside pandas' own notes a table carries one JSON text: what it is of, and the checksum of its
values, by which re-sorted, shuffled and damaged rows are told from those that were written.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from pez.runtime.atomic import atomic_path
from pez.runtime.checksum import Checksum
from pez.runtime.errors import ArtifactError
from pez.runtime.header import KEY
from pez.runtime.regular import open_regular
from pez.runtime.table_metadata import CHECKSUM, parse_metadata


class Opened(NamedTuple):
    """A table as read: its rows, what it says of itself, and the checksum of its values."""

    table: pd.DataFrame
    metadata: dict[str, Any]
    checksum: str


def write_table(
    path: Path | str, table: pd.DataFrame, metadata: Mapping[str, Any] | None = None
) -> str:
    """Write ``table`` to the Parquet file ``path`` in one atomic step (no index column).

    ``table.attrs`` travel with it, and ``metadata`` (JSON-able) say whose it is.

    Returns:
        The checksum of its values.
    """
    rows = pa.Table.from_pandas(table, preserve_index=False)
    known = {**(metadata or {}), CHECKSUM: _checksum(rows)}
    text = json.dumps(known, sort_keys=True).encode()
    rows = rows.replace_schema_metadata({**rows.schema.metadata, KEY.encode(): text})
    with atomic_path(path) as temporary:
        pa.parquet.write_table(rows, temporary, write_page_checksum=True)
    return known[CHECKSUM]


def read_table(
    path: Path | str, columns: Sequence[str] = (), numbers: Sequence[str] = ()
) -> pd.DataFrame:
    """Read the rows of the Parquet file ``path``: see `open_table`."""
    return open_table(path, columns, numbers).table


def open_table(
    path: Path | str, columns: Sequence[str] = (), numbers: Sequence[str] = ()
) -> Opened:
    """Read the Parquet file ``path`` whole and check it.

    Args:
        path: the file.
        columns: what it must have.
        numbers: which of these must be numeric.

    Raises:
        ArtifactError: the file is missing, damaged, not as it was written, or lacks one of
            ``columns``.
    """
    with open_regular(path) as file:
        try:
            rows = pa.parquet.read_table(file, page_checksum_verification=True)
            table = rows.to_pandas()
        except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(
                f"{path} is not a whole Parquet file ({error}): delete it and run again."
            ) from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ArtifactError(
            f"{path} lacks the column(s) {', '.join(missing)}: delete it and run again."
        )
    for name in numbers:
        if not pd.api.types.is_numeric_dtype(table[name]):
            raise ArtifactError(
                f"{path} holds {table[name].dtype} in column {name}, which has numbers: delete it "
                "and run again."
            )
    metadata = parse_metadata(path, rows.schema)
    found, stated = _checksum(rows), metadata.pop(CHECKSUM)
    if found != stated:
        raise ArtifactError(
            f"{path} does not hold the rows that were written: they have been changed or put into "
            f"another order (checksum {found}, stated {stated}). Delete it and run again."
        )
    return Opened(table, metadata, found)


def _checksum(rows: Any) -> str:
    """Checksum of names and values, the same before and after Parquet and for any library.

    Columns are added one after another: which values are there, the lengths of texts, the values.
    """
    whole = Checksum()
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        whole.update(json.dumps(name).encode())
        there = column.is_valid().to_numpy()
        whole.update(np.packbits(there).data)
        if pa.types.is_dictionary(column.type):
            column = _numbered(whole, column)
        if pa.types.is_null(column.type):
            continue  # no value at all
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            texts = [text.encode() for text in column.drop_null().to_pylist()]
            whole.update(np.array([len(text) for text in texts], np.int64).view(np.uint8).data)
            whole.update(b"".join(texts))
        else:
            values = column.drop_null().to_numpy()
            whole.update(f"{values.dtype}".encode())
            whole.update(np.ascontiguousarray(values).view(np.uint8).data)
    return whole.text()


def _numbered(whole: Checksum, column: Any) -> Any:
    """Add the categories of ``column`` to ``whole``, and return for every row the number of its
    own among them, sorted: Parquet may keep them in another order."""
    coded = column.combine_chunks()
    coded = coded.combine_chunks() if hasattr(coded, "combine_chunks") else coded
    names = [str(name) for name in coded.dictionary.to_pylist()]
    order = sorted(range(len(names)), key=names.__getitem__)
    whole.update(json.dumps([names[place] for place in order]).encode())
    rank = np.empty(len(names), np.int64)
    rank[order] = np.arange(len(names))
    return pa.chunked_array([pa.array(rank[coded.indices.drop_null().to_numpy()])])
