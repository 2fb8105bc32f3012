"""Clip shards on disk: uint8 frames in a safetensors file, memory-mapped on reading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pez.runtime.errors import ArtifactError
from pez.runtime.identity import Identity, span
from pez.runtime.tensor_file import map_tensor, read_header, write_tensors

TENSOR = "frames"


@dataclass(frozen=True)
class ClipShard:
    """One shard: ``frames`` is a read-only memory map, uint8 [n, T, H, W, 3], RGB."""

    frames: np.ndarray
    clip_ids: tuple[str, ...]
    first_clip: int
    metadata: Mapping[str, Any]


def write_clips(
    path: Path | str,
    frames: np.ndarray,
    clip_ids: Sequence[str],
    first_clip: int,
    metadata: Mapping[str, Any],
) -> None:
    """Write ``frames`` (uint8 [n, T, H, W, 3]) of the clips ``clip_ids`` to ``path``, atomically.

    Args:
        path: the shard file.
        frames: RGB pixels.
        clip_ids: n identifiers, in the order of ``frames``.
        first_clip: place of the first of them in the dataset.
        metadata: dataset, shard and source (see `pez.runtime.identity.Identity`), and what else to
            record (JSON-able, no times: equal clips make equal bytes).

    Raises:
        ArtifactError: the disk is full.
    """
    if frames.dtype != np.uint8 or frames.ndim != 5 or len(frames) != len(clip_ids):
        raise ValueError(f"{frames.dtype} {frames.shape} for {len(clip_ids)} clips")
    record = {
        **metadata,
        "clip_ids": list(clip_ids),
        "first_clip": first_clip,
        "frame_shape": list(frames.shape[1:4]),
    }
    write_tensors(path, {TENSOR: frames}, record)


def open_clips(
    path: Path | str,
    clip_ids: Sequence[str] | None = None,
    frame_shape: tuple[int, int, int] | None = None,
) -> ClipShard:
    """Open the shard at ``path`` and check it against what the caller expects of it.

    Args:
        path: the shard file.
        clip_ids: the clips that it must hold, in order; None accepts any.
        frame_shape: (T, H, W) that it must have; None accepts any.

    Raises:
        ArtifactError: the file is missing, cut short, of another dtype or shape, or holds other
            clips. The message names the file, the finding and the cure.
    """
    entries, metadata, _ = read_header(path)
    entry = entries.get(TENSOR)
    if entry is None:
        raise _rejected(path, f"it holds {sorted(entries) or 'nothing'} and no {TENSOR!r}")
    if entry["dtype"] != "U8":
        raise _rejected(path, f"its {TENSOR} are {entry['dtype']} where U8 (uint8) is expected")
    shape = tuple(entry["shape"])
    if len(shape) != 5 or shape[-1] != 3:
        raise _rejected(path, f"its {TENSOR} have shape {shape} where (n, T, H, W, 3) is expected")
    if frame_shape is not None and shape[1:4] != tuple(frame_shape):
        expected = "frames x height x width"
        raise _rejected(
            path, f"its clips are {shape[1:4]} where {frame_shape} ({expected}) is expected"
        )
    held = tuple(Identity.read(path, metadata).clip_ids or ())
    first = metadata.get("first_clip", 0)
    if not isinstance(first, int):
        raise _rejected(path, f"its first_clip is {first!r} and no number")
    if len(held) != shape[0]:
        raise _rejected(path, f"it holds {shape[0]} clips and names {len(held)}")
    if clip_ids is not None and held != tuple(clip_ids):
        raise _rejected(
            path, f"it holds {span(list(held))} where {span(list(clip_ids))} are expected"
        )
    return ClipShard(map_tensor(path, TENSOR), held, first, metadata)


def _rejected(path: Path | str, finding: str) -> ArtifactError:
    return ArtifactError(
        f"{path} is not the clip shard it should be: {finding}. Delete it and run again; "
        "Snakemake will render it anew."
    )
