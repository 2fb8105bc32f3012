"""Load an encoder file (written by this workflow, or shipped with it) into a ready module."""

import hashlib
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from pez.encoders.architecture import architecture_metadata, build_encoder, expected_shapes
from pez.encoders.compute import Compute
from pez.encoders.match import check_shapes
from pez.encoders.spec import EmbeddedWeights, EncoderSpec, PermutedWeights, RandomWeights
from pez.encoders.transformer import Encoder, prepare
from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import checked_checksum, read_header

_CURE = "Delete it and run again; if it is shipped with the project, check it out again."


def load_encoder(path: Path | str, spec: EncoderSpec, compute: Compute) -> Encoder:
    """Return the encoder of ``spec`` with the weights of the safetensors file ``path``.

    The weights may be stored in any floating dtype; they are cast to float32 first.

    Raises:
        ArtifactError: the file is missing or damaged, does not fit ``spec``, or holds a NaN.
    """
    path = Path(path)
    entries, metadata, _ = read_header(path)
    _check_architecture(path, spec, metadata)
    checked_checksum(path)
    found = {name: tuple(entry["shape"]) for name, entry in entries.items()}
    check_shapes(path, found, expected_shapes(spec), spec, _CURE)
    stored = load_file(path, device=str(compute.device))
    weights = {name: tensor.to(torch.float32) for name, tensor in stored.items()}
    # Of the extremes, in a sixth of the time on a CPU; one wait for all tensors on a GPU.
    extremes = torch.stack([torch.stack(torch.aminmax(tensor)) for tensor in weights.values()])
    finite = torch.isfinite(extremes).all(dim=1).tolist()
    for name, is_finite in zip(weights, finite, strict=True):
        if not is_finite:
            raise ArtifactError(f"{path}: tensor {name} holds NaN or infinity. {_CURE}")
    encoder = build_encoder(spec)
    encoder.load_state_dict(weights, assign=True)
    return prepare(encoder, compute)


def _check_architecture(path: Path, spec: EncoderSpec, metadata: dict[str, Any]) -> None:
    """Compare what shapes cannot tell: the number of heads."""
    stored = metadata.get("architecture")
    if stored is not None and stored != architecture_metadata(spec):
        raise ArtifactError(
            f"{path} was written for the architecture {stored}, and the configuration asks for "
            f"{architecture_metadata(spec)}: correct the model in encoders.models."
        )


def check_origin(path: Path | str, spec: EncoderSpec) -> None:
    """Compare where the weights in ``path`` come from with ``spec``; shipped ones are free.

    Raises:
        ArtifactError: they are those of another model, as far as source and seed tell.
    """
    asked = spec.weights
    if isinstance(asked, EmbeddedWeights):
        return
    wanted: dict[str, Any] = {"source": "checkpoint"}  # the hub's are converted as well
    if isinstance(asked, RandomWeights):
        wanted = {"source": "random", "seed": asked.seed}
    if isinstance(asked, PermutedWeights):
        wanted = {"source": "permuted", "of": asked.of, "seed": asked.seed}
    told = read_header(path)[1].get("weights")
    held = {key: told.get(key) for key in wanted} if isinstance(told, dict) else told
    if held != wanted:
        raise ArtifactError(
            f"{path} says that its weights are {held}, and {wanted} are expected: it is another "
            f"model's file under this name. {_CURE}"
        )


def weights_metadata(path: Path | str, spec: EncoderSpec) -> dict[str, Any]:
    """Return where the weights in ``path`` come from, for the metadata of features.

    For a file converted or initialised by this workflow that is what its metadata says (source
    file and checksum, which of its encoders, or the seed); for a shipped file, its checksum.
    """
    written: dict[str, Any] | None = read_header(path)[1].get("weights")
    if written is not None and spec.weights.source != "embedded":
        return written
    with Path(path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"source": spec.weights.source, "file": Path(path).name, "sha256": digest}
