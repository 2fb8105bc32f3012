"""Features that no encoder makes: what a control puts in place of the residual stream."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pez.clips.dataset import checksums, clips_identity
from pez.clips.store import open_clips
from pez.clips.trajectories import read_trajectories
from pez.features.paths import STORED_DTYPE, TENSOR, parse_feature_path
from pez.features.spec import View
from pez.runtime.identity import Identity
from pez.runtime.progress import progress
from pez.runtime.tensor_file import write_tensors

OfClip = Callable[[NDArray, View], NDArray[np.float32]]


def replace_by_frames(
    features: OfClip,
    clips: Sequence[Path | str],
    dataset: Identity,
    metadata: dict[str, Any],
    output: Path | str,
) -> None:
    """Write what ``features`` makes of the frames of every clip.

    Args:
        features: gives float32 [rows, values] of frames uint8 [T, H, W, 3] for a view.
        clips: every clip shard of the dataset, in order.
        dataset: what the labels say of it (`pez.clips.dataset.dataset_identity`).
        metadata: model, and what the control has replaced.
        output: feature file of a view, the only state and the only shard.

    Raises:
        ArtifactError: a shard is damaged or of another dataset, or the disk is full.
    """
    identity = clips_identity(clips, dataset)
    known = identity.metadata() | metadata | {"clips_checksums": checksums(clips)}
    _write(features, (clip for path in clips for clip in open_clips(path).frames), known, output)


def replace_by_trajectory(
    features: OfClip,
    trajectories: Path | str,
    dataset: Identity,
    metadata: dict[str, Any],
    output: Path | str,
) -> None:
    """Write what ``features`` makes of the trajectory of every ball; see `replace_by_frames`.

    Args:
        features: gives float32 [rows, values] of positions float64 [T, 2] in metres for a view.
        trajectories: table that the clips were made from.
        dataset: as above.
        metadata: as above.
        output: as above.

    Raises:
        ArtifactError: the table is damaged or not the one that the labels were made from.
    """
    rows = read_trajectories(trajectories, dataset, ("x_m", "y_m"))
    of_clips = rows.groupby("clip_id", sort=False)[["x_m", "y_m"]]
    positions = (clip.to_numpy(np.float64) for _, clip in of_clips)
    known = dataset.part({"dataset", "clip_ids", "frame_shape", "source"})
    _write(features, positions, known | metadata, output)


def _write(
    features: OfClip, clips: Iterator[NDArray], metadata: dict[str, Any], output: Path | str
) -> None:
    key = parse_feature_path(output)
    dtype = STORED_DTYPE[key.view]
    total = len(metadata["clip_ids"])
    made = [
        features(clip, key.view).astype(dtype)
        for clip in progress(clips, f"{metadata['model']}: {key.view}", total=total, unit="clip")
    ]
    where = {"view": key.view, "stream": key.stream, "shard": key.shard}
    write_tensors(output, {TENSOR: np.stack(made)}, metadata | where)
