"""Trajectories of balls, as readers of a dataset's clips and labels take them up."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pez.runtime.identity import Identity, expect
from pez.runtime.tables import open_table


def read_trajectories(path: Path | str, dataset: Identity, columns: Sequence[str]) -> pd.DataFrame:
    """Read where the ball of every clip is.

    Args:
        path: ``trajectories.parquet`` of the dataset.
        dataset: what the labels say of it (`pez.clips.dataset.dataset_identity`).
        columns: that are read, of `pez.clips.labels.TRAJECTORY_COLUMNS`.

    Returns:
        ``clip_id``, ``frame`` and ``columns``: one row per frame, clips in the dataset's order.

    Raises:
        ArtifactError: the table is damaged or not the one that the labels were made from.
    """
    opened = open_table(path, ("clip_id", "frame", *columns), ("frame", *columns))
    found = Identity.read(path, {**opened.metadata, "source": opened.checksum})
    wanted = dataset.part({"dataset", "clip_ids", "frame_shape", "source"})
    expect(path, found, Identity(**wanted), "by the labels of the dataset")
    place = {clip: number for number, clip in enumerate(dataset.clip_ids or ())}
    rows = opened.table[["clip_id", "frame", *columns]]
    order = rows.assign(place=rows["clip_id"].map(place)).sort_values(["place", "frame"]).index
    return rows.loc[order].reset_index(drop=True)
