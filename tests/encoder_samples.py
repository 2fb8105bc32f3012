"""Tiny V-JEPA 2 encoders and moving-ball frames, shared by the tests of encoders and features."""

import numpy as np
import torch
from torch import Tensor

from pez.encoders.architecture import build_encoder
from pez.encoders.compute import Compute, Precision
from pez.encoders.initialise import initial_weights
from pez.encoders.spec import EncoderSpec
from pez.encoders.transformer import Encoder, prepare

CPU = torch.device("cpu")


def encoder_spec(**changes: object) -> EncoderSpec:
    """A 3-block encoder of width 48 for 64-pixel clips: 16 patches a tubelet."""
    fields = {
        "hidden_size": 48,
        "layers": 3,
        "heads": 2,
        "mlp_size": 96,
        "input_size": 64,
        "weights": {"source": "random", "seed": 0},
    }
    return EncoderSpec.model_validate(fields | changes)


def telling_weights(spec: EncoderSpec, seed: int = 0) -> dict[str, Tensor]:
    """Weights under which every parameter and every position matters.

    Freshly initialised, biases are zero, LayerNorms the identity and attention nearly uniform, so
    that a swapped or lost tensor could go unnoticed.
    """
    generator = torch.Generator().manual_seed(seed)
    weights = initial_weights(spec, seed)
    for name, tensor in weights.items():
        if tensor.ndim == 1:
            tensor += 0.3 * torch.randn(tensor.shape, generator=generator)
        elif name.endswith(("query.weight", "key.weight")):
            tensor *= 8
    return weights


def ready_encoder(
    spec: EncoderSpec, weights: dict[str, Tensor], precision: Precision = "fp32"
) -> tuple[Encoder, Compute]:
    """The encoder with a copy of ``weights``, prepared for the CPU."""
    compute = Compute(CPU, precision)
    encoder = build_encoder(spec)
    encoder.load_state_dict({k: v.clone() for k, v in weights.items()}, assign=True)
    return prepare(encoder, compute), compute


def ball_frames(clips: int = 2, size: int = 64, frames: int = 8) -> np.ndarray:
    """uint8 [clips, frames, size, size, 3]: a blue ball crosses a floor of soft waves."""
    row, column = np.mgrid[:size, :size] / size
    floor = 140 + 60 * np.sin(9 * column) * np.cos(7 * row)
    video = np.repeat(floor[..., None], 3, axis=-1)[None, None].repeat(clips, 0).repeat(frames, 1)
    for clip in range(clips):
        angle = 0.7 + 2.1 * clip
        for frame in range(frames):
            step = 0.3 * frame / frames
            x, y = 0.4 + step * np.cos(angle), 0.5 - step * np.sin(angle)
            ball = (column - x) ** 2 + (row - y) ** 2 < 0.08**2
            video[clip, frame][ball] = (40, 90, 210)
    return video.astype(np.uint8)
