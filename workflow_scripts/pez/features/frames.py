"""Frames of clip shards as an encoder reads them, or what a control puts in their place."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pez.clips.store import open_clips
from pez.encoders.patches import TUBELET_FRAMES
from pez.features.batches import Clips
from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import map_tensor, read_header

FRAMES_TENSOR = "frames"
# Gives what is read in place of the frames of a shard and the clips so named.
ReplaceClips = Callable[[NDArray[np.uint8], Sequence[str]], Clips]


def open_shard(replace_clips: ReplaceClips | None, path: Path | str) -> Clips:
    """Return the clips of a shard, or what takes their place.

    Raises:
        ArtifactError: see `open_frames`.
    """
    frames = open_frames(path)
    return frames if replace_clips is None else replace_clips(frames, open_clips(path).clip_ids)


def shapes_of(paths: Sequence[Path | str]) -> tuple[list[int], int]:
    """Return the number of clips in each shard and that of frames in each clip.

    Raises:
        ArtifactError: a shard is damaged, or the clips are not of one length.
    """
    shapes = [read_header(path)[0].get(FRAMES_TENSOR, {}).get("shape", []) for path in paths]
    for path, shape in zip(paths, shapes, strict=True):
        if len(shape) != 5 or 0 in shape:
            open_frames(path)  # it says what is wrong
    lengths = {shape[1] for shape in shapes}
    if len(lengths) > 1:
        raise ArtifactError(
            f"{', '.join(map(str, paths))} are of one dataset and have clips of {lengths} frames: "
            "delete those of the wrong length and run again."
        )
    return [shape[0] for shape in shapes], lengths.pop()


def open_frames(path: Path | str) -> NDArray[np.uint8]:
    """Memory-map the frames of a clip shard, uint8 [n, T, H, W, 3] with an even T.

    Raises:
        ArtifactError: the file is damaged, or its tensor has another dtype or shape.
    """
    frames = map_tensor(path, FRAMES_TENSOR)
    shape = frames.shape
    if frames.dtype != np.uint8 or len(shape) != 5 or shape[-1] != 3 or 0 in shape:
        raise ArtifactError(
            f"{path} holds {frames.dtype} {list(shape)} where a clip shard is uint8 "
            "[clips, frames, height, width, 3]: delete it and run again."
        )
    if shape[1] % TUBELET_FRAMES:
        raise ArtifactError(
            f"{path} has clips of {shape[1]} frames: the encoder takes an even number. Correct "
            "clips.scene.frames."
        )
    if not any(clip.any() for clip in frames):
        raise ArtifactError(
            f"{path} holds nothing but black frames: delete it and run again, and look at the log "
            "of its rendering if they stay black."
        )
    return frames
