"""The table of labels of a folder of clips: read without guessing silently. Cheap, for planning."""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pez.own_clips.files import ClipFiles
from pez.own_clips.spec import FolderSpec, LabelSpec
from pez.runtime.errors import ArtifactError

Kind = Literal["number", "category"]
RESERVED = ("clip_id", "dataset")  # of every dataset's labels


@dataclass(frozen=True)
class LabelTable:
    """A table of labels as text, empty where a value is missing.

    Attributes:
        path: where it was read, for messages.
        clips: what stands in the column that names the clips.
        columns: the other columns, as many values as there are clips.
        text: columns that are text by their type, whatever their values look like.
    """

    path: Path
    clips: list[str]
    columns: dict[str, list[str]]
    text: frozenset[str] = frozenset()

    def kind(self, name: str, columns: Mapping[str, LabelSpec]) -> Kind:
        """Return what ``columns`` say of column ``name``, or what its values look like."""
        stated = columns[name].kind if name in columns else None
        if stated is not None:
            return stated
        values = [value for value in self.columns[name] if value]
        numeric = name not in self.text and all(number(value) is not None for value in values)
        return "number" if numeric and values else "category"


def number(text: str) -> float | None:
    """Return the number that ``text`` is, NaN and infinity among them; None for other text."""
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def labels_path(spec: FolderSpec) -> Path:
    """Return where the table is."""
    return Path(spec.labels) if spec.labels is not None else Path(str(spec.root)) / "labels.csv"


def read_labels(spec: FolderSpec) -> LabelTable:
    """Read the table of labels of ``spec``.

    Raises:
        ArtifactError: it is missing, is neither CSV nor Parquet, or names no clips.
    """
    path = labels_path(spec)
    if not path.is_file():
        raise ArtifactError(
            f"labels: {path} is no file: name the CSV or Parquet file of the labels"
        )
    if path.suffix.lower() == ".csv":
        header, rows, text = _read_csv(path)
    elif path.suffix.lower() == ".parquet":
        header, rows, text = _read_parquet(path)
    else:
        raise ArtifactError(f"labels: {path} is neither .csv nor .parquet")
    if spec.clip_column not in header:
        found = ", ".join(header) or "nothing"
        raise ArtifactError(
            f"labels: {path} has no column {spec.clip_column!r} (columns: {found}): name the one "
            "with the clips' files in clip_column"
        )
    twice = sorted({name for name in header if header.count(name) > 1 or name in RESERVED})
    if twice:
        raise ArtifactError(
            f"labels: {path} has column(s) {', '.join(twice)} twice, or under a name that the "
            "workflow keeps for itself (clip_id, dataset): rename them"
        )
    columns = {name: [row[place] for row in rows] for place, name in enumerate(header)}
    clips = columns.pop(spec.clip_column)
    for name in spec.ignore:
        if columns.pop(name, None) is None:
            raise ArtifactError(f"ignore: {path} has no column {name!r}")
    for name, stated in spec.columns.items():
        if stated.values and name in columns:
            columns[name] = _renamed(f"columns.{name}.values", columns[name], stated.values)
    return LabelTable(path, clips, columns, text - {spec.clip_column})


def _renamed(key: str, values: list[str], names: Mapping[str, str]) -> list[str]:
    unknown = sorted(set(names) - set(values))
    if unknown:
        raise ArtifactError(f"{key}: the column has no value {', '.join(map(repr, unknown))}")
    return [names.get(value, value) for value in values]


def label_problems(
    table: LabelTable, columns: Mapping[str, LabelSpec], clips: Sequence[ClipFiles]
) -> Iterator[str]:
    """Yield what is wrong with the labels of ``clips``, one line each."""
    for name in sorted(set(columns) - set(table.columns)):
        yield f"columns.{name}: {table.path} has no such column"
    known = {name: clip.clip_id for clip in clips for name in (clip.clip_id, clip.name)}
    similar = {_last_part(clip.name): clip.name for clip in clips}
    seen: dict[str, int] = {}
    for row, name in enumerate(table.clips, start=2):  # as a spreadsheet counts, header included
        clip = known.get(name)
        if clip is None and _last_part(name) in similar:
            yield (
                f"{table.path}, row {row}: no clip {name!r} under root: write the path below root "
                f"as it stands there (did you mean {similar[_last_part(name)]!r}?)"
            )
        elif clip is None:
            yield f"{table.path}, row {row}: no clip {name!r} under root: add it, or drop the row"
        elif clip in seen:
            yield f"{table.path}: {name!r} stands in rows {seen[clip]} and {row}: drop one"
        else:
            seen[clip] = row
    for files in clips:
        if files.clip_id not in seen:
            yield f"{files.name}: no row of {table.path} is about it: add one, or move it elsewhere"
    for name in table.columns:
        yield from _column_problems(table, name, columns)


def _last_part(name: str) -> str:
    """What remains of a path when folders above, and small or capital letters, do not count."""
    return name.replace("\\", "/").rpartition("/")[2].casefold()


def row_of_clip(table: LabelTable, clips: Sequence[ClipFiles]) -> list[int]:
    """Return the row of each of ``clips``; the table has no `label_problems`."""
    rows = {name: row for row, name in enumerate(table.clips)}
    return [rows[clip.name] if clip.name in rows else rows[clip.clip_id] for clip in clips]


def _column_problems(
    table: LabelTable, name: str, columns: Mapping[str, LabelSpec]
) -> Iterator[str]:
    kind = table.kind(name, columns)
    stated = name in columns and columns[name].kind is not None
    values = list(zip(table.clips, table.columns[name], strict=True))
    numeric = [number(value) is not None for _, value in values if value]
    for clip, value in values:
        found = number(value)
        if not value:
            yield (
                f"{table.path}: column {name} has no value for {clip!r}: fill it in, or name the "
                "column in ignore"
            )
        elif kind == "number" and (found is None or not math.isfinite(found)):
            yield (
                f"{table.path}: column {name} has {value!r} for {clip!r}, which is no number: "
                "correct it"
            )
        elif not stated and name not in table.text and any(numeric) and found is None:
            yield (
                f"{table.path}: column {name} has numbers, and {value!r} for {clip!r}: correct it, "
                f"or state columns.{name}.kind"
            )


def _read_csv(path: Path) -> tuple[list[str], list[list[str]], frozenset[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [[value.strip() for value in row] for row in csv.reader(file) if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ArtifactError(
            f"labels: {path} cannot be read as CSV in UTF-8 ({error}): save it again "
            "(in Excel as 'CSV UTF-8')"
        ) from None
    if not rows:
        raise ArtifactError(f"labels: {path} is empty: give it a header and a row for every clip")
    header, *rows = rows
    _check_separator(path, header)
    for number_, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise ArtifactError(
                f"labels: {path}, row {number_} has {len(row)} values, and the header names "
                f"{len(header)} columns (separated by commas)"
            )
    return header, rows, frozenset()


def _check_separator(path: Path, header: list[str]) -> None:
    """Refuse a table that Excel saved where commas stand in numbers."""
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            raise ArtifactError(
                f"labels: {path} has {name} between its columns: save it with commas, and points "
                f"in its numbers, e.g. pandas.read_csv(path, sep={separator!r}, decimal=',')"
                ".to_csv(path, index=False)"
            )


def _read_parquet(path: Path) -> tuple[list[str], list[list[str]], frozenset[str]]:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        table = pa.parquet.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise ArtifactError(f"labels: {path} cannot be read as Parquet ({error})") from None
    text = [
        field.name
        for field in table.schema
        if not (pa.types.is_integer(field.type) or pa.types.is_floating(field.type))
    ]
    columns = [[_as_text(value) for value in column.to_pylist()] for column in table.columns]
    return table.column_names, [list(row) for row in zip(*columns, strict=True)], frozenset(text)


def _as_text(value: Any) -> str:
    if value is None or value != value:  # NaN
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
