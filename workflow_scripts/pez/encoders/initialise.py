"""Random initialisation, as V-JEPA 2 was trained from.

The one of transformers lacks the scaling with depth.
"""

import math
from pathlib import Path

import torch
from torch import Tensor

from pez.encoders.architecture import architecture_metadata, expected_shapes, library_versions
from pez.encoders.spec import EncoderSpec
from pez.runtime.tensor_file import write_tensors

# facebookresearch/vjepa2, src/models/vision_transformer.py: init_std and _rescale_blocks. There the
# normal distribution is cut at +-2, which is 100 standard deviations and so no cut at all; but the
# usual way to sample it (trunc_normal_, by the inverse error function) turns one draw in 2^24 into
# exactly -2. A plain normal distribution is what is meant.
_STD = 0.02
_SCALED_BY_DEPTH = ("attention.proj.weight", "mlp.fc2.weight")


def initial_weights(spec: EncoderSpec, seed: int) -> dict[str, Tensor]:
    """Return untrained float32 weights of the encoder of ``spec``, by name, on the CPU.

    Matrices are drawn from a normal distribution of standard deviation 0.02; biases are 0,
    LayerNorm scales 1; in block i, counted from 1, the matrices that write to the residual
    stream (attention output, second MLP layer) are divided by sqrt(2 i). Drawn by a generator of
    the CPU, in the order of the names in the module: the same on every device.
    """
    generator = torch.Generator("cpu").manual_seed(seed)
    return {
        name: _initial(name, torch.empty(shape), generator)
        for name, shape in expected_shapes(spec).items()
    }


def _initial(name: str, tensor: Tensor, generator: torch.Generator) -> Tensor:
    if name.endswith(".bias"):
        return tensor.zero_()
    if tensor.ndim == 1:
        return tensor.fill_(1.0)
    tensor.normal_(std=_STD, generator=generator)
    if name.endswith(_SCALED_BY_DEPTH):
        block = int(name.split(".")[1]) + 1
        tensor /= math.sqrt(2 * block)
    return tensor


def write_initial_weights(spec: EncoderSpec, seed: int, output: Path | str) -> None:
    """Write the untrained encoder of ``spec`` to the safetensors file ``output``."""
    weights = initial_weights(spec, seed)
    write_tensors(
        output,
        {name: tensor.numpy() for name, tensor in weights.items()},
        {
            "weights": {"source": "random", "seed": seed},
            "architecture": architecture_metadata(spec),
            "versions": library_versions(),
        },
    )
