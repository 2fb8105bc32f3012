"""Cut clips out of videos: clip shards in the form that every later stage reads."""

from pathlib import Path

import numpy as np

from pez.clips.store import write_clips
from pez.own_clips.files import ClipFiles, find_clips
from pez.own_clips.index import COLUMNS, NUMBERS
from pez.own_clips.spec import WindowSpec
from pez.own_clips.video import ClipError, content, fit, frame_numbers, read_frames
from pez.runtime.errors import ArtifactError
from pez.runtime.identity import Identity, expect
from pez.runtime.progress import progress
from pez.runtime.tables import open_table


def decode_shard(
    dataset: str,
    root: Path | str,
    window: WindowSpec,
    shard_size: int,
    shard: int,
    index: Path | str,
    output: Path | str,
) -> None:
    """Write the clips ``shard * shard_size`` up to the next shard's to ``output``.

    Args:
        dataset: its name.
        root: folder of the clips.
        window: which frames, in which size.
        shard_size: clips in a shard.
        shard: number of the shard.
        index: table of `pez.own_clips.index.index_folder`.
        output: clip shard, uint8 frames.

    Raises:
        ArtifactError: a clip is gone or has changed since it was indexed.
    """
    rows, metadata, _ = open_table(index, COLUMNS, NUMBERS)
    identity = Identity.read(index, metadata)
    expect(index, identity, Identity(dataset=dataset))
    first = shard * shard_size
    part = rows.iloc[first : first + shard_size].to_dict("records")
    there = {clip.name: clip for clip in find_clips(root)}
    clips, numbers = [], []
    for row in progress(part, f"clips of {dataset} {shard:03d}", unit="clip"):
        picked = frame_numbers(window, row["length"])
        clips.append(_clip(there.get(row["name"]), row["name"], row["content"], window, picked))
        numbers.append(picked.tolist())
    record = {
        "dataset": dataset,
        "source": identity.source,
        "shard": shard,
        "frame_numbers": numbers,
        "window": window.model_dump(mode="json"),
    }
    write_clips(output, np.stack(clips), [row["clip_id"] for row in part], first, record)


def _clip(
    clip: ClipFiles | None, name: str, known: str, window: WindowSpec, numbers: np.ndarray
) -> np.ndarray:
    """Frames ``numbers`` (rising) of a clip, uint8 [T, H, W, 3]."""
    try:
        if clip is None or content(clip) != known:
            raise ClipError("it is not what it was when it was checked")
        last = int(numbers[-1])
        wanted = {}
        for number, frame in enumerate(read_frames(clip)):
            if number in numbers:
                wanted[number] = fit(frame, window.resize)
            if number == last:
                break
        return np.stack([wanted[number] for number in numbers.tolist()])
    except ClipError as error:
        raise ArtifactError(
            f"{name}: {error}. Delete index.parquet of the dataset and run again."
        ) from None
