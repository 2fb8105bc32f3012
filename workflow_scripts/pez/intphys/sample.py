"""Cut clips out of movies: clip shards and labels in the form that every later stage reads."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pez.clips.store import write_clips
from pez.intphys.index import COLUMNS, NUMBERS
from pez.intphys.layout import MovieError, read_frame
from pez.intphys.spec import SamplingSpec
from pez.runtime.errors import ArtifactError
from pez.runtime.identity import Identity, expect
from pez.runtime.progress import progress
from pez.runtime.tables import open_table, write_table


def frame_numbers(frames: int, breakpoint: int | None, sampling: SamplingSpec) -> np.ndarray:
    """Numbers of the frames that make a clip, int64 [sampling.frames], counted from 0.

    ``uniform``: evenly spaced from the first to the last frame. ``breakpoint``: consecutive frames
    with the breakpoint in the middle, moved as far as the movie's ends ask for.

    Raises:
        ValueError: the movie is too short, or has no breakpoint.
    """
    if frames < sampling.frames:
        raise ValueError(
            f"it has {frames} frames, and sampling.frames of the dataset is {sampling.frames}"
        )
    if sampling.window == "uniform":
        return np.linspace(0, frames - 1, sampling.frames).round().astype(np.int64)
    if breakpoint is None:
        raise ValueError("it has no breakpoint: set sampling.window of the dataset to uniform")
    first = min(max(0, breakpoint - sampling.frames // 2), frames - sampling.frames)
    return np.arange(first, first + sampling.frames)


def sample_movies(
    dataset: str,
    root: Path | str,
    index: Path | str,
    sampling: SamplingSpec,
    shard_size: int,
    labels: Path | str,
    shards: Sequence[Path | str],
) -> None:
    """Write one clip for every movie of ``index``.

    Args:
        dataset: its name, for the labels.
        root: folder of the movies.
        index: table of `pez.intphys.index.index_movies`.
        sampling: which frames.
        shard_size: clips in a shard.
        labels: table to write: clip_id, dataset, and the columns of the index without the folder;
            ``possible`` as 0 or 1.
        shards: clip shards to write, uint8 frames in the size of the movies.

    Raises:
        ArtifactError: a movie is too short, has no breakpoint where one is needed, or has changed
            since it was indexed; or the shards are not as many as the movies make.
    """
    movies, known, source = open_table(index, COLUMNS, NUMBERS)
    expect(index, Identity.read(index, known), Identity(dataset=dataset))
    if len(shards) != -(-len(movies) // shard_size):
        raise ArtifactError(
            f"{index} lists {len(movies)} movies, which are not {len(shards)} shards of "
            f"{shard_size}: delete it and run again."
        )
    clip_ids = [f"{row.block}_{row.scene:02d}_{row.movie}" for row in movies.itertuples()]
    records: list[dict[str, Any]] = movies.to_dict("records")  # type: ignore[assignment]
    with progress(None, f"clips of {dataset}", total=len(movies), unit="clip") as bar:
        for shard, path in enumerate(shards):
            part = slice(shard * shard_size, (shard + 1) * shard_size)
            clips, numbers = [], []
            for row in records[part]:
                cut, frames = _clip(Path(root) / row["folder"], row, sampling)
                clips.append(frames)
                numbers.append(cut.tolist())
                bar.update(1)
            metadata = {
                "dataset": dataset,
                "source": source,
                "shard": shard,
                "frame_numbers": numbers,
                "sampling": sampling.model_dump(mode="json"),
            }
            pixels = np.stack(clips)
            write_clips(path, pixels, clip_ids[part], part.start, metadata)
    table = movies.drop(columns="folder").assign(possible=movies["possible"].astype(np.int64))
    table.insert(0, "dataset", dataset)
    table.insert(0, "clip_id", clip_ids)
    identity = Identity(
        dataset=dataset,
        clip_ids=clip_ids,
        frame_shape=list(pixels.shape[1:4]),
        source=source,
    )
    write_table(labels, table, identity.metadata())


def _clip(
    folder: Path, row: Mapping[str, Any], sampling: SamplingSpec
) -> tuple[np.ndarray, np.ndarray]:
    """Frame numbers of one clip, and its frames [k, H, W, 3]."""
    parting = None if pd.isna(row["breakpoint"]) else int(row["breakpoint"])
    try:
        numbers = frame_numbers(int(row["frames"]), parting, sampling)
        return numbers, np.stack([read_frame(folder, int(number)) for number in numbers])
    except (ValueError, MovieError) as error:
        raise ArtifactError(f"movie {folder}: {error}. Correct it and run again.") from error
