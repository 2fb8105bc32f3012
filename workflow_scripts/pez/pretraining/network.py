"""The encoder that is trained: transformers' V-JEPA 2, which runs on any tokens of a clip.

Extraction has a module of its own (`pez.encoders.families.vjepa2`), made for whole clips and equal
to this one; the names of the weights are the same.
"""

import math

import torch
from transformers import VJEPA2Config, VJEPA2Model
from transformers.models.vjepa2.modeling_vjepa2 import VJEPA2Encoder

from pez.encoders.patches import TUBELET_FRAMES
from pez.encoders.spec import EncoderSpec


def encoder_config(spec: EncoderSpec) -> VJEPA2Config:
    """Return the transformers configuration of ``spec``, without a predictor."""
    return VJEPA2Config(
        patch_size=spec.patch_size,
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


def build_trainable(spec: EncoderSpec) -> VJEPA2Encoder:
    """Return the encoder of ``spec`` on the meta device: no weights and no memory."""
    with torch.device("meta"):
        encoder = VJEPA2Model(encoder_config(spec)).encoder
    return encoder.eval().requires_grad_(False)
