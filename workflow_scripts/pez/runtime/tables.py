"""Parquet tables, written atomically and read with the columns that the reader relies on."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow

from pez.runtime.atomic import atomic_path
from pez.runtime.errors import ArtifactError


def write_table(path: Path | str, table: pd.DataFrame) -> None:
    """Write ``table`` to the Parquet file ``path`` in one atomic step (no index column)."""
    with atomic_path(path) as temporary:
        table.to_parquet(temporary, index=False)


def read_table(path: Path | str, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Read the Parquet file ``path`` whole and check that it has ``columns``.

    Raises:
        ArtifactError: the file is missing, damaged, or lacks one of ``columns``.
    """
    try:
        table = pd.read_parquet(path)
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} does not exist: run its rule again.") from error
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise ArtifactError(
            f"{path} is not a whole Parquet file ({error}): delete it and run again."
        ) from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ArtifactError(
            f"{path} lacks the column(s) {', '.join(missing)}: delete it and run again."
        )
    return table
