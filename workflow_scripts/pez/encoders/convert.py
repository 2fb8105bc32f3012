"""Convert a published checkpoint to an encoder-only float32 safetensors file."""

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pez.encoders.architecture import architecture_metadata, expected_shapes, library_versions
from pez.encoders.checkpoint_files import open_checkpoint
from pez.encoders.find_encoder import MetaEncoder, find_encoder
from pez.encoders.locate import files_of
from pez.encoders.match import check_shapes
from pez.encoders.registry import find_family
from pez.encoders.spec import EncoderSpec
from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import write_tensors

_CURE = (
    "Name the right file in the model's weights.file, put it into encoders.checkpoint_dir (or "
    "null, to download it), or correct the sizes of the model in encoders.models."
)
# Keys of a Hugging Face config.json that no tensor's shape tells, and ours.
_TOLD_BY_CONFIG = {
    "num_attention_heads": ("heads", "attention heads"),
    "crop_size": ("input_size", "pixels as the side of the input"),
    "image_size": ("input_size", "pixels as the side of the input"),
}


def convert_checkpoint(
    source: Path | str,
    spec: EncoderSpec,
    which: MetaEncoder,
    output: Path | str,
    published_as: str | None = None,
) -> None:
    """Write the encoder in ``source`` to ``output``, in float32, with its origin as metadata.

    Args:
        source: a PyTorch file (Meta's, a bare state dict, or a fine-tuned model with heads); or a
            Hugging Face safetensors file, the index of a sharded one, or the folder of either.
        spec: family and architecture that the file must have, exactly.
        which: of Meta's two encoders, the moving average (``target_encoder``) or the one trained by
            gradients (``encoder``). Other files have one encoder only, which ``which`` does not
            choose; the metadata then say "huggingface", or the name of the container.
        output: safetensors file with the tensor names of the encoder module.
        published_as: where ``source`` is from, for the metadata, if more than its name is known.

    Raises:
        ArtifactError: ``source`` is damaged, is no checkpoint, does not fit ``spec``, or holds a
            NaN.
    """
    source = Path(source)
    files = files_of(source)
    with ThreadPoolExecutor(1) as reader:  # the checksums of gigabytes take as long as the rest
        described = reader.map(_describe, files)
        found, origin = _checked(source, files, spec, which)
        weights = {"source": "checkpoint", "encoder": origin, "files": list(described)}
    write_tensors(
        output,
        {name: tensor.numpy() for name, tensor in found.items()},
        {
            "weights": weights | ({"published_as": published_as} if published_as else {}),
            "architecture": architecture_metadata(spec),
            "versions": library_versions(),
        },
    )


def _checked(
    source: Path, files: list[Path], spec: EncoderSpec, which: MetaEncoder
) -> tuple[dict[str, Tensor], str]:
    """Return the encoder's tensors in float32, mapped where they are, and what they were called."""
    found = find_encoder(source, open_checkpoint(files), find_family(spec.family), which)
    origin = "huggingface" if files[0].suffix == ".safetensors" else found.container
    if origin == "huggingface":
        _check_config(files[0].with_name("config.json"), spec)
        print(f"{source} is a Hugging Face file and has one encoder: {which!r} is not a choice.")
    shapes = {name: tuple(tensor.shape) for name, tensor in found.tensors.items()}
    check_shapes(source, shapes, expected_shapes(spec), spec, _CURE)
    tensors = {name: tensor.to(torch.float32) for name, tensor in found.tensors.items()}
    _check_finite(source, tensors)
    return tensors, origin


def _check_config(path: Path, spec: EncoderSpec) -> None:
    """Compare with a config.json, where there is one, what the tensors cannot tell."""
    if not path.exists():
        return
    try:
        told = dict(json.loads(path.read_text()))
    except (ValueError, TypeError, RecursionError) as error:
        raise ArtifactError(f"{path} is not JSON ({error}): fetch it again.") from error
    asked = {"heads": spec.heads, "input_size": spec.input_size}
    for key, (ours, what) in _TOLD_BY_CONFIG.items():
        value, wanted = told.get(key), asked[ours]
        if value is not None and value != wanted:
            raise ArtifactError(
                f"{path} says {value} {what}, and the configuration {wanted}: set {ours}: {value} "
                f"for the model in encoders.models, or take another file. {_CURE}"
            )


def _check_finite(source: Path, tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if not torch.isfinite(torch.stack(torch.aminmax(tensor))).all():
            raise ArtifactError(
                f"{source}: tensor {name} holds NaN or infinity, so that every feature would: its "
                "training diverged, or the file is damaged. Take another checkpoint."
            )


def _describe(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": digest}
