"""Bootstrap draws of what is divided among choices, of every cell of a network.

They stand in a file of their own beside a table of cells: [cells, `DRAWN`, B], the cells in the
order of the rows of the table that hold the first of `DRAWN`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import map_tensor, write_tensors

DRAWN = ("half_rise", "step", "sharpness", "peak")  # estimands
Draws = Mapping[str, np.ndarray]  # float32 [DRAWN, B] by key of the cell
_TENSOR = "draws"


def write_draws(
    path: Path | str, rows: pd.DataFrame, draws: Draws, metadata: Mapping[str, Any]
) -> None:
    """Write draws of the cells of ``rows`` (columns key and what) that have some."""
    stacked = [draws[key] for key in _keys(rows)]
    values = np.stack(stacked) if stacked else np.empty((0, len(DRAWN), 0), np.float32)
    write_tensors(path, {_TENSOR: values}, metadata)


def read_draws(path: Path | str, rows: pd.DataFrame) -> Draws:
    """Return the draws of the cells of ``rows``, the table that they were written beside.

    Raises:
        ArtifactError: the file is missing or damaged, or holds another number of cells.
    """
    keys = _keys(rows)
    return dict(zip(keys, map_draws(path, len(keys)), strict=True))


def map_draws(path: Path | str, cells: int) -> np.ndarray:
    """Open the draws of ``cells`` cells, float32 [cells, DRAWN, B]: the pages of the file.

    Raises:
        ArtifactError: the file is missing or damaged, or holds another number of cells.
    """
    found = map_tensor(path, _TENSOR)
    if found.ndim != 3 or found.shape[:2] != (cells, len(DRAWN)):
        raise ArtifactError(
            f"{path} holds draws of shape {found.shape}: the table beside it has {cells} cells of "
            f"{len(DRAWN)} estimands. Delete both and run again."
        )
    return found


def _keys(rows: pd.DataFrame) -> list[str]:
    return list(rows.loc[rows["what"] == DRAWN[0], "key"])
