"""Extraction: one forward pass over a clip shard writes every view of every residual stream."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pez.encoders.architecture import TUBELET_FRAMES, library_versions
from pez.encoders.compute import choose_compute
from pez.encoders.load import load_encoder, weights_metadata
from pez.encoders.preprocess import build_transform, preprocess
from pez.encoders.residual_stream import capture_streams
from pez.encoders.spec import EncoderSpec
from pez.features.batches import in_batches
from pez.features.paths import FeatureKey, parse_feature_path
from pez.features.reduce import view_of_tokens
from pez.features.spec import ExtractionSpec, View
from pez.features.write import write_features
from pez.runtime.errors import ArtifactError
from pez.runtime.progress import progress
from pez.runtime.tensor_file import map_tensor

FRAMES_TENSOR = "frames"

# Of one clip: views asked for -> array without its clip axis.
Reduced = list[dict[View, NDArray]]


def extract_shard(
    clips: Path | str,
    checkpoint: Path | str,
    model: str,
    encoder_spec: EncoderSpec,
    extraction: ExtractionSpec,
    outputs: Sequence[Path | str],
    device: str,
) -> None:
    """Write the features of one clip shard, all residual streams from one forward pass.

    Args:
        clips: clip shard, tensor ``frames`` uint8 [n, T, H, W, 3].
        checkpoint: encoder file (see `pez.encoders.load.load_encoder`).
        model: configured name of the model, for the metadata.
        encoder_spec: its architecture and the origin of its weights.
        extraction: preprocessing, batch size and precision.
        outputs: feature files to write (`pez.features.paths.feature_path`): for every view wanted,
            one file for each of the L + 1 streams.
        device: "cpu" or "cuda".

    Raises:
        ArtifactError: an input is damaged or does not fit, or a feature is not finite.
        PezError: memory is too small for a single clip.
    """
    wanted = {parse_feature_path(path): path for path in outputs}
    views = _views_of(wanted, encoder_spec.layers)
    frames = open_frames(clips)
    compute = choose_compute(device, extraction.precision)
    encoder = load_encoder(checkpoint, encoder_spec, compute)
    transform = build_transform(extraction.preprocessing, encoder_spec.input_size)
    tubelets = frames.shape[1] // TUBELET_FRAMES

    def reduce(_: int, tokens: Tensor) -> dict[View, NDArray]:
        return {view: view_of_tokens(view, tokens, tubelets).cpu().numpy() for view in views}

    def run(batch: NDArray) -> Reduced:
        # A copy: the shard is mapped read-only, which PyTorch does not allow for.
        on_device = torch.from_numpy(np.array(batch)).to(compute.device)
        pixels = preprocess(on_device, transform)
        with compute.autocast():
            return capture_streams(encoder, pixels, reduce)

    features = _collect(frames, run, extraction.batch_size, f"{model}: {Path(clips).stem}")
    metadata = {
        "model": model,
        "clips": Path(clips).name,
        "weights": weights_metadata(checkpoint, encoder_spec),
        "preprocessing": extraction.preprocessing,
        "input_size": encoder_spec.input_size,
        "precision": compute.precision,
        "device": compute.device.type,
        "versions": library_versions(),
    }
    for key, path in wanted.items():
        write_features(path, features[key.view][key.stream], clips, metadata)


def _views_of(wanted: dict[FeatureKey, Path | str], layers: int) -> list[View]:
    """Return the views in ``wanted``, after checking that each has all its streams."""
    views = sorted({key.view for key in wanted})
    every = {(view, stream) for view in views for stream in range(layers + 1)}
    if {(key.view, key.stream) for key in wanted} != every or len(wanted) != len(every):
        raise ValueError(f"the outputs are not streams 0..{layers} of each of {views}")
    return views


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
    return frames


def _collect(
    frames: NDArray[np.uint8], run: Callable[[NDArray], Reduced], batch_size: int, title: str
) -> dict[View, list[NDArray]]:
    """Run all clips and return, for every view, the arrays of all streams.

    All views of the shard are held in memory until they are written: the shard size
    (clips.render.shard_size) bounds that. A patch view of 56 clips of V-JEPA 2 Large is
    56 x 256 x 1024 x 25 streams x 2 bytes = 0.7 GB, of Giant 1.7 GB; tubelet means take 1 / 16.
    """
    collected: dict[View, list[NDArray]] = {}
    with progress(None, title, total=len(frames), unit="clip") as bar:
        for rows, reduced in in_batches(frames, run, batch_size):
            for stream, by_view in enumerate(reduced):
                for view, array in by_view.items():
                    streams = collected.setdefault(view, [])
                    if len(streams) == stream:
                        streams.append(np.empty((len(frames), *array.shape[1:]), array.dtype))
                    streams[stream][rows] = array
            bar.update(rows.stop - rows.start)
    return collected
