"""Convert a published checkpoint to an encoder-only float32 safetensors file."""

import hashlib
import json
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import safe_open
from torch import Tensor

from pez.encoders.architecture import architecture_metadata, expected_shapes, library_versions
from pez.encoders.layouts import from_hugging_face, from_meta
from pez.encoders.locate import INDEX_FILE
from pez.encoders.match import check_shapes
from pez.encoders.spec import EncoderSpec
from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import read_header, write_tensors

MetaEncoder = Literal["target_encoder", "encoder"]

_CURE = (
    "Put the right file into encoders.checkpoint_dir (or null, to download it), or correct the "
    "sizes of the model in encoders.models."
)


def convert_checkpoint(
    source: Path | str, spec: EncoderSpec, which: MetaEncoder, output: Path | str
) -> None:
    """Write the encoder in ``source`` to ``output``, in float32, with its origin as metadata.

    Args:
        source: Meta's ``.pt``; or a Hugging Face safetensors file, the index of a sharded one, or
            the folder of either.
        spec: the architecture that the file must have, exactly.
        which: of Meta's two encoders, the moving average (``target_encoder``) or the one trained by
            gradients (``encoder``). A Hugging Face file has one encoder only, which ``which`` does
            not choose; the metadata then say "huggingface".
        output: safetensors file with the tensor names of the encoder module.

    Raises:
        ArtifactError: ``source`` is damaged, is no checkpoint, or does not fit ``spec``.
    """
    source = Path(source)
    if source.suffix == ".pt":
        files, tensors, read = [source], _read_meta(source, which), str(which)
    else:
        files = _hugging_face_files(source)
        tensors, read = _read_hugging_face(files), "huggingface"
        _check_heads(files[0].with_name("config.json"), spec)
        print(f"{source} is a Hugging Face file and has one encoder: {which!r} is not a choice.")
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    check_shapes(source, found, expected_shapes(spec), spec, _CURE)
    write_tensors(
        output,
        {name: tensor.to(torch.float32).numpy() for name, tensor in tensors.items()},
        {
            "weights": {
                "source": "checkpoint",
                "encoder": read,
                "files": [_describe(file) for file in files],
            },
            "architecture": architecture_metadata(spec),
            "versions": library_versions(),
        },
    )


def _read_meta(path: Path, which: MetaEncoder) -> dict[str, Tensor]:
    """Return the tensors of one encoder in Meta's file, by their names in the encoder module."""
    try:
        # Mapped and not read: the file also holds the optimiser, several times the encoder's size.
        checkpoint = torch.load(
            path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path)
        )
    except (RuntimeError, EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ArtifactError(
            f"{path} cannot be read as a PyTorch checkpoint ({reason}). It may be cut short: "
            "compare its size with the published one, delete it and fetch it again."
        ) from error
    state = checkpoint.get(which) if isinstance(checkpoint, Mapping) else None
    if not isinstance(state, Mapping):
        held = sorted(map(str, checkpoint)) if isinstance(checkpoint, Mapping) else "no dictionary"
        raise ArtifactError(
            f"{path} has no {which!r}: it holds {held}. Set encoders.checkpoint_encoder to the one "
            "of target_encoder and encoder that it holds, or fetch a V-JEPA 2 checkpoint."
        )
    return from_meta({name: value for name, value in state.items() if isinstance(value, Tensor)})


def _hugging_face_files(source: Path) -> list[Path]:
    """Return the safetensors files that ``source`` stands for, in order of their names."""
    if source.is_dir():
        index = source / INDEX_FILE
        return _hugging_face_files(index if index.exists() else source / "model.safetensors")
    if source.suffix != ".json":
        return [source]
    try:
        names = set(json.loads(source.read_text())["weight_map"].values())
    except (ValueError, KeyError, AttributeError) as error:
        raise ArtifactError(
            f"{source} is not the index of a sharded safetensors file ({error!r}): fetch it again."
        ) from error
    # The index names files of its own folder; anything else is not followed.
    return sorted(source.with_name(Path(name).name) for name in names)


def _read_hugging_face(files: list[Path]) -> dict[str, Tensor]:
    """Return the encoder's tensors in safetensors ``files``, by their names in the module."""
    tensors: dict[str, Tensor] = {}
    for path in files:
        entries, _, _ = read_header(path)
        with safe_open(path, framework="pt") as file:
            for name, own_name in from_hugging_face(entries).items():
                tensors[own_name] = file.get_tensor(name)
    return tensors


def _check_heads(config: Path, spec: EncoderSpec) -> None:
    """Compare the number of heads, which no tensor's shape tells, where a config.json tells it."""
    if not config.exists():
        return
    heads: Any = json.loads(config.read_text()).get("num_attention_heads")
    if heads is not None and heads != spec.heads:
        raise ArtifactError(
            f"{config} says {heads} attention heads, and the configuration {spec.heads}. {_CURE}"
        )


def _describe(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": digest}
