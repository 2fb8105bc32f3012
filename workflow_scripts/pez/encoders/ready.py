"""An encoder ready for clips: loaded, on its device, with the preprocessing of its family."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pez.encoders.architecture import library_versions
from pez.encoders.compute import Compute, choose_compute
from pez.encoders.family import Grid
from pez.encoders.load import check_origin, load_encoder, weights_metadata
from pez.encoders.preprocess import Preprocessing, Transform, build_transform, preprocess
from pez.encoders.registry import find_family
from pez.encoders.spec import EncoderSpec
from pez.encoders.transformer import Encoder
from pez.runtime.tensor_file import checked_checksum


@dataclass(frozen=True)
class ReadyEncoder:
    """An encoder and what goes with it.

    Attributes:
        encoder: prepared; call it inside ``compute.autocast()``.
        compute: device and precision.
        grid: of the tokens of a clip.
        transform: of frames, see `pez.encoders.preprocess`.
        metadata: what a file of its results says of it.
    """

    encoder: Encoder
    compute: Compute
    grid: Grid
    transform: Transform
    metadata: dict[str, Any]

    def pixels(self, clips: NDArray[np.uint8]) -> Tensor:
        """Turn frames [clips, T, H, W, 3] into pixels [clips, T, 3, size, size] on the device."""
        return preprocess(_to_device(clips, self.compute), self.transform)


def open_encoder(
    checkpoint: Path | str,
    model: str,
    spec: EncoderSpec,
    frames: int,
    device: str,
    preprocessing: Preprocessing,
    precision: Literal["auto", "fp32", "bf16"],
) -> ReadyEncoder:
    """Load the encoder of ``spec`` for clips of ``frames`` frames.

    Args:
        checkpoint: encoder file (see `pez.encoders.load.load_encoder`).
        model: configured name of the model, for the metadata.
        spec: its architecture and the origin of its weights.
        frames: of a clip.
        device: "cpu" or "cuda".
        preprocessing: how frames reach the encoder's size.
        precision: of the matrix products; see `pez.encoders.compute.choose_compute`.

    Raises:
        ArtifactError: the file is damaged, or holds other weights than ``spec`` says.
    """
    family = find_family(spec.family)
    grid = family.grid(spec, frames)
    compute = choose_compute(device, precision)
    check_origin(checkpoint, spec)
    encoder = load_encoder(checkpoint, spec, compute)
    metadata = {
        "model": model,
        "weights_checksum": checked_checksum(checkpoint),
        "weights": weights_metadata(checkpoint, spec),
        "preprocessing": preprocessing,
        "input_size": spec.input_size,
        "precision": compute.precision,
        "device": compute.device.type,
        "versions": library_versions(),
    }
    transform = build_transform(preprocessing, spec.input_size, family.mean, family.std)
    return ReadyEncoder(encoder, compute, grid, transform, metadata)


def _to_device(clips: NDArray[np.uint8], compute: Compute) -> Tensor:
    """Copy clips out of the mapped file; to a GPU by way of pinned memory, without waiting."""
    if compute.device.type == "cpu":
        return torch.from_numpy(np.array(clips))  # the map is read-only, PyTorch wants to write
    pinned = torch.empty(clips.shape, dtype=torch.uint8, pin_memory=True)
    np.copyto(pinned.numpy(), clips)
    return pinned.to(compute.device, non_blocking=True)
