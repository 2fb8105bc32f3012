"""Read where the objects of a dataset are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pez.objects.columns import OBJECT_COLUMNS
from pez.runtime.errors import ArtifactError
from pez.runtime.identity import CURE, Identity, expect
from pez.runtime.tables import open_table


def read_objects(path: Path | str, clips: Mapping[str, Any]) -> pd.DataFrame:
    """Read the rows of ``objects.parquet`` that are of some clips.

    Args:
        path: the table.
        clips: metadata of the clips: their dataset, clip_ids and source.

    Returns:
        `OBJECT_COLUMNS`, in the order of the table.

    Raises:
        ArtifactError: the table is damaged, of another dataset, or not what the clips were made
            from.
    """
    opened = open_table(path, OBJECT_COLUMNS, numbers=("frame", "vx_px", "vy_px"))
    known = Identity.read(path, opened.metadata)
    expect(path, known, Identity(dataset=clips["dataset"]), "by the clips")
    if opened.checksum != clips["source"]:
        raise ArtifactError(f"{path} is not what the clips were made from. {CURE}")
    return opened.table[opened.table["clip_id"].isin(clips["clip_ids"])]
