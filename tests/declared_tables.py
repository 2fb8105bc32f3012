"""Whether files hold the columns that resources/tables.yaml declares."""

import csv
import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from PIL import Image
from safetensors import safe_open

from conftest import CHECKOUT
from pez.runtime.table_metadata import table_metadata

DECLARED = yaml.safe_load((CHECKOUT / "resources/tables.yaml").read_text())
KINDS = {
    "text": lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind),
    "integer": pa.types.is_integer,
    "number": lambda kind: pa.types.is_integer(kind) or pa.types.is_floating(kind),
    "boolean": pa.types.is_boolean,
    "any": lambda kind: True,
}


def differences(folder: Path, pattern: str) -> list[str]:
    """What tables and tensors among the files ``pattern`` of the run ``folder`` do not hold as
    declared."""
    known = (".parquet", ".csv", ".safetensors")
    found = sorted(path for path in folder.glob(pattern) if path.suffix in known)
    assert found, f"{folder} holds no tables {pattern}"
    return [f"{path}: {what}" for path in found for what in _differences(folder, path)]


def _differences(folder: Path, path: Path) -> Iterator[str]:
    name = path.relative_to(folder).as_posix()
    if path.suffix == ".safetensors":
        yield from _of_tensors(path, DECLARED["tensors"][closest(name, DECLARED["tensors"])])
        return
    place = closest(name, [path for table in DECLARED["tables"] for path in paths_of(table)])
    tables = [table for table in DECLARED["tables"] if place in paths_of(table)]
    for key in ("kind", "picture"):
        if any(key in table for table in tables):
            said = _told(path).get(key)
            tables = [table for table in tables if table.get(key) == said]
            assert tables, f"{name}: {key} {said} is not declared"
    (table,) = tables
    yield from _of_columns(table, schema_of(path, table.get("header", True)))


def paths_of(table: dict[str, Any]) -> list[str]:
    """Where tables of one layout lie."""
    return [table["path"]] if isinstance(table["path"], str) else table["path"]


def _told(path: Path) -> dict[str, Any]:
    """What a table says of itself, a CSV file by the picture beside it."""
    if path.suffix == ".parquet":
        return table_metadata(path)
    with Image.open(path.with_suffix(".png")) as picture:
        known: dict[str, Any] = json.loads(picture.info["Description"])
    return known


def closest(name: str, patterns: Any) -> str:
    """The pattern that ``name`` matches, of several the one that says most."""
    fits = [
        pattern
        for pattern in patterns
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(pattern)), name)
    ]
    assert fits, f"{name} is not declared"
    return max(fits, key=lambda pattern: len(re.sub(r"\{\w+\}", "", pattern)))


def schema_of(path: Path, header: bool) -> dict[str, Any]:
    """Types by column, None where a file does not say them; by number without a header."""
    if path.suffix == ".parquet":
        types = {field.name: field.type for field in pq.read_schema(path)}
        dictionary = pa.types.is_dictionary
        return {key: one.value_type if dictionary(one) else one for key, one in types.items()}
    with path.open(newline="") as file:
        first = next(csv.reader(file))
    return dict.fromkeys(first if header else map(str, range(len(first))))


def _of_columns(table: dict[str, Any], written: dict[str, Any]) -> Iterator[str]:
    columns = {name.rstrip("?"): own for name, own in table["columns"].items()}
    needed = [name for name in table["columns"] if not name.endswith("?") and "*" not in name]
    if not table.get("header", True):
        if len(written) != len(columns):
            yield f"has {len(written)} columns, and {len(columns)} are declared"
        return
    if missing := [name for name in needed if name not in written]:
        yield f"lacks {missing}"
    place = -1
    for name, kind in written.items():
        pattern = next((one for one in columns if fnmatchcase(name, one)), None)
        if pattern is None:
            yield f"has {name}, which is not declared"
            continue
        type_, words = columns[pattern] or DECLARED["columns"][pattern]
        if kind is not None and not pa.types.is_null(kind) and not KINDS[type_](kind):
            yield f"holds {kind} in {name}, declared as {type_}"
        if list(columns).index(pattern) < place:
            yield f"has {name} in another place than declared"
        place = list(columns).index(pattern)
        assert words


def _of_tensors(path: Path, tensors: dict[str, Any]) -> Iterator[str]:
    with safe_open(path, "np") as file:
        if set(file.keys()) != set(tensors):
            yield f"holds {sorted(file.keys())}, and {sorted(tensors)} are declared"
            return
        for name, (dtype, shape, _) in tensors.items():
            part = file.get_slice(name)
            if part.get_dtype() != dtype or len(part.get_shape()) != len(shape.split(",")):
                yield f"{name} is {part.get_dtype()} {part.get_shape()}, declared {dtype} [{shape}]"
