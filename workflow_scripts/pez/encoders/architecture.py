"""Encoders by their `EncoderSpec`: the module without weights, its shapes and its arithmetic."""

import torch

from pez.encoders.patches import TUBELET_FRAMES
from pez.encoders.registry import find_family
from pez.encoders.spec import EncoderSpec
from pez.encoders.transformer import Encoder


def build_encoder(spec: EncoderSpec) -> Encoder:
    """Return the encoder of ``spec`` on the meta device: shapes and code, no weights and no memory.

    With its weights it still has to be made ready by `pez.encoders.transformer.prepare`.
    """
    with torch.device("meta"):
        encoder = find_family(spec.family).build(spec)
    return encoder.eval().requires_grad_(False)


def expected_shapes(spec: EncoderSpec) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter of the encoder, by its name within the encoder."""
    return {name: tuple(value.shape) for name, value in build_encoder(spec).state_dict().items()}


def architecture_metadata(spec: EncoderSpec) -> dict[str, int | str]:
    """Return what makes two encoder files interchangeable, for a file's metadata.

    What has its default is left out, so that files written before it could be set stay valid.
    """
    sizes = spec.model_dump(include={"hidden_size", "layers", "heads", "mlp_size"})
    special = spec.model_dump(include={"family", "patch_size"}, exclude_defaults=True)
    return sizes | special


def forward_flop(spec: EncoderSpec, frames: int) -> dict[str, float]:
    """Multiplications and additions of one clip's forward pass in matrix products, by kind."""
    tubelets, rows, columns = find_family(spec.family).grid(spec, frames)
    tokens = tubelets * rows * columns
    width, inputs = spec.hidden_size, 3 * TUBELET_FRAMES * spec.patch_size**2
    return {
        "linear": 2.0 * tokens * spec.layers * (4 * width**2 + 2 * width * spec.mlp_size),
        "attention": 4.0 * tokens**2 * width * spec.layers,
        "patches": 2.0 * tokens * width * inputs,
    }


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that compute the features."""
    return {"torch": torch.__version__}
