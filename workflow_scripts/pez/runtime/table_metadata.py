"""What a Parquet table says of itself, read without its rows and without pandas."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from pez.runtime.errors import ArtifactError
from pez.runtime.header import KEY
from pez.runtime.regular import open_regular

CHECKSUM = "checksum"  # its key among the metadata


def table_metadata(path: Path | str) -> dict[str, Any]:
    """Return the metadata of the Parquet file ``path``, the stated checksum among them.

    Raises:
        ArtifactError: the file is missing or damaged.
    """
    with open_regular(path) as file:
        try:
            schema = pa.parquet.read_schema(file)
        except (OSError, pa.ArrowException) as error:
            raise ArtifactError(
                f"{path} is not a whole Parquet file ({error}): delete it and run again."
            ) from error
    return parse_metadata(path, schema)


def parse_metadata(path: Path | str, schema: Any) -> dict[str, Any]:
    """Return the metadata in the Arrow ``schema`` of the file at ``path``.

    Raises:
        ArtifactError: they are no JSON object, or state no checksum.
    """
    try:
        known = json.loads((schema.metadata or {}).get(KEY.encode(), b"{}"))
    except (ValueError, RecursionError):
        known = None
    if not isinstance(known, dict):
        raise ArtifactError(
            f"{path} has metadata {KEY} that are no JSON object: delete it and run again."
        )
    if not isinstance(known.get(CHECKSUM), str):
        raise ArtifactError(
            f"{path} states no checksum: it was not written by this version of the workflow. "
            "Delete it and run again."
        )
    return known
