"""The V-JEPA 2 encoder of Hugging Face transformers, built without weights from an `EncoderSpec`.

The transformers classes equal Meta's code bit for bit at every layer (measured), so the model code
is theirs. Two things they leave to the caller are checked here: rotary positions are computed from
the configured size and not from the pixels, so a clip of another size gives wrong positions without
an error; and an odd last frame is dropped.
"""

import math
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers import VJEPA2Config, VJEPA2Model
from transformers.models.vjepa2.modeling_vjepa2 import VJEPA2Encoder

from pez.encoders.spec import EncoderSpec

PATCH_PIXELS = 16
TUBELET_FRAMES = 2


def encoder_config(spec: EncoderSpec) -> VJEPA2Config:
    """Return the transformers configuration of ``spec``, without a predictor."""
    return VJEPA2Config(
        patch_size=PATCH_PIXELS,
        tubelet_size=TUBELET_FRAMES,
        crop_size=spec.input_size,
        hidden_size=spec.hidden_size,
        num_hidden_layers=spec.layers,
        num_attention_heads=spec.heads,
        mlp_ratio=_mlp_ratio(spec.hidden_size, spec.mlp_size),
        pred_num_hidden_layers=0,
    )


def _mlp_ratio(hidden_size: int, mlp_size: int) -> float:
    """Return r such that ``int(hidden_size * r)``, which transformers computes, is ``mlp_size``."""
    ratio = mlp_size / hidden_size
    while int(hidden_size * ratio) < mlp_size:
        ratio = math.nextafter(ratio, math.inf)
    return ratio


def build_encoder(spec: EncoderSpec) -> VJEPA2Encoder:
    """Return the encoder of ``spec`` on the meta device: shapes and code, no weights and no memory.

    Calling it raises ValueError for pixels that are not [clips, frames, 3, size, size] with the
    configured size and an even number of frames.
    """
    with torch.device("meta"):
        encoder = VJEPA2Model(encoder_config(spec)).encoder
    encoder.register_forward_pre_hook(_check_pixels, with_kwargs=True)
    return encoder.eval().requires_grad_(False)


def _check_pixels(encoder: VJEPA2Encoder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    pixels: Tensor = args[0] if args else kwargs["pixel_values_videos"]
    size = encoder.config.crop_size
    if pixels.ndim != 5 or tuple(pixels.shape[2:]) != (3, size, size):
        raise ValueError(
            f"pixels of shape {tuple(pixels.shape)} for an encoder built for "
            f"[clips, frames, 3, {size}, {size}]: its rotary positions would be wrong"
        )
    if pixels.shape[1] % TUBELET_FRAMES:
        raise ValueError(
            f"{pixels.shape[1]} frames cannot be cut into tubelets of {TUBELET_FRAMES} frames"
        )


def expected_shapes(spec: EncoderSpec) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter of the encoder, by its name within the encoder."""
    return {name: tuple(value.shape) for name, value in build_encoder(spec).state_dict().items()}


def architecture_metadata(spec: EncoderSpec) -> dict[str, int]:
    """Return what makes two encoder files interchangeable, for a file's metadata."""
    return spec.model_dump(include={"hidden_size", "layers", "heads", "mlp_size"})


def forward_flop(spec: EncoderSpec, frames: int) -> dict[str, float]:
    """Multiplications and additions of one clip's forward pass in matrix products, by kind."""
    tokens = frames // TUBELET_FRAMES * (spec.input_size // PATCH_PIXELS) ** 2
    width, inputs = spec.hidden_size, 3 * TUBELET_FRAMES * PATCH_PIXELS**2
    return {
        "linear": 2.0 * tokens * spec.layers * (4 * width**2 + 2 * width * spec.mlp_size),
        "attention": 4.0 * tokens**2 * width * spec.layers,
        "patches": 2.0 * tokens * width * inputs,
    }


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that compute the features."""
    return {"torch": torch.__version__, "transformers": transformers.__version__}
