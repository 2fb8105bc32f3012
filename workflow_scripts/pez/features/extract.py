"""Extraction: one forward pass over clip shards writes every view of every residual stream.

Reading, computing and writing overlap. On a GPU the forward pass of a batch and the copies to and
from it are only queued: while it computes, this thread copies the next clips out of the mapped
file, and another one writes the features of the batch before.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pez.clips.dataset import checksums, clips_identity
from pez.encoders.compile import compile_blocks, compiling_pays
from pez.encoders.family import Grid
from pez.encoders.ready import open_encoder
from pez.encoders.residual_stream import capture_streams
from pez.encoders.spec import EncoderSpec
from pez.features.batches import in_batches
from pez.features.frames import ReplaceClips, open_shard, shapes_of
from pez.features.paths import FeatureKey, parse_feature_path
from pez.features.reduce import ReducedBatch, Reducer
from pez.features.spec import ExtractionSpec, View
from pez.features.write import FeatureFiles, feature_files, shard_writer
from pez.runtime.identity import Identity
from pez.runtime.moments import moment
from pez.runtime.progress import progress
from pez.runtime.tensor_file import check_data, checked_checksum


def extract_features(
    clips: Sequence[Path | str],
    checkpoint: Path | str,
    model: str,
    encoder_spec: EncoderSpec,
    extraction: ExtractionSpec,
    outputs: Sequence[Path | str],
    device: str,
    dataset: Identity | None = None,
    replaced: str | None = None,
    replace_clips: ReplaceClips | None = None,
) -> None:
    """Write the features of some clip shards, all residual streams from one forward pass.

    Each clip shard has feature files of its own, so that it makes no difference to them how many
    shards a job takes. Memory does not grow with the number of clips: `IN_FLIGHT` batches are held.
    A batch of 8 clips of V-JEPA 2 Large is 25 streams x 8 x 8 x 1024 x 4 bytes = 7 MB of tubelet
    means and 105 MB of the patches of one tubelet.

    Args:
        clips: every clip shard of the dataset in order, tensor ``frames`` uint8 [n, T, H, W, 3];
            those are read whose numbers ``outputs`` name.
        checkpoint: encoder file (see `pez.encoders.load.load_encoder`).
        model: configured name of the model, for the metadata.
        encoder_spec: its architecture and the origin of its weights.
        extraction: preprocessing, batch size and precision.
        outputs: feature files to write (`pez.features.paths.feature_path`): of every shard and
            every view wanted, one file for each of the L + 1 streams.
        device: "cpu" or "cuda".
        dataset: what the labels say of the clips (`pez.clips.dataset.dataset_identity`); None for
            clips of no dataset.
        replaced: what a control puts in place of the clips, for the metadata; None for nothing.
        replace_clips: gives what is read in place of the frames of a shard and the clips so named.

    Raises:
        ArtifactError: an input is damaged or does not fit, a feature is not finite, or the disk is
            full.
        PezError: memory is too small for a single clip.
    """
    wanted = _by_shard(outputs, encoder_spec.layers)
    views = sorted({key.view for files in wanted.values() for key in files})
    paths = [clips[shard] for shard in wanted]
    lengths, frames = shapes_of(paths)
    ready = open_encoder(
        checkpoint,
        model,
        encoder_spec,
        frames,
        device,
        extraction.preprocessing,
        extraction.precision,
    )
    encoder, grid, compute = ready.encoder, ready.grid, ready.compute
    if compiling_pays(encoder_spec, frames, sum(lengths), compute):
        compile_blocks(encoder)
    moment("loaded")

    def run(batch: NDArray[np.uint8]) -> ReducedBatch:
        reducer = Reducer(views, encoder_spec.layers + 1, grid.tubelets)
        pixels = ready.pixels(batch)
        with compute.autocast(), torch.inference_mode():
            capture_streams(encoder, pixels, reducer.take)
            return reducer.finish()

    metadata = {**({} if replaced is None else {"replaced": replaced}), **ready.metadata}
    row_shapes = {view: (_rows(view, grid), encoder_spec.hidden_size) for view in views}

    def files_of(place: int) -> AbstractContextManager[FeatureFiles]:
        path = paths[place]
        of_shard = {"clips": [Path(path).name], "clips_checksums": checksums([path])}
        if dataset is not None:
            of_shard |= clips_identity([path], dataset).metadata()
        files = list(wanted.values())[place]
        return feature_files(files, lengths[place], row_shapes, {**metadata, **of_shard})

    names = Path(paths[0]).stem + (f" to {Path(paths[-1]).stem}" if len(paths) > 1 else "")
    with (
        ThreadPoolExecutor(1, thread_name_prefix="read") as reader,
        progress(None, f"{model}: {names}", total=sum(lengths), unit="clip") as bar,
        shard_writer(files_of, lengths) as write,
    ):
        shards = reader.map(partial(open_shard, replace_clips), paths)
        for place, rows, batch in in_batches(shards, run, extraction.batch_size):
            write(place, rows, batch, str(paths[place]))
            bar.update(rows.stop - rows.start)
        moment("queued")


def read_ahead(clips: Sequence[Path | str], checkpoint: Path | str, shard: int) -> None:
    """Bring the weights and the first clips into memory and compare them with their checksums.

    For a job that waits for a device: `extract_features` then finds them there.

    Raises:
        ArtifactError: a file is missing or damaged.
    """
    checked_checksum(checkpoint)
    check_data(clips[shard])


def _rows(view: View, grid: Grid) -> int:
    """Number of vectors that are stored of one clip."""
    if view == "tubelet_mean":
        return grid.tubelets
    return grid.rows * grid.columns * (grid.tubelets if view == "all_patches" else 1)


def _by_shard(
    outputs: Sequence[Path | str], layers: int
) -> dict[int, dict[FeatureKey, Path | str]]:
    """Return the feature files by shard, after checking that each has every view and stream."""
    found: dict[int, dict[FeatureKey, Path | str]] = {}
    for path in outputs:
        key = parse_feature_path(path)
        found.setdefault(key.shard, {})[key] = path
    views = sorted({key.view for files in found.values() for key in files})
    every = {(view, stream) for view in views for stream in range(layers + 1)}
    whole = all({(key.view, key.stream) for key in files} == every for files in found.values())
    if not whole or len(outputs) != len(found) * len(every):
        raise ValueError(f"the outputs are not streams 0..{layers} of each of {views}")
    return dict(sorted(found.items()))
