"""Random initialisation, as the family was trained from."""

from pathlib import Path

import torch
from torch import Tensor

from pez.encoders.architecture import architecture_metadata, expected_shapes, library_versions
from pez.encoders.registry import find_family
from pez.encoders.spec import EncoderSpec
from pez.runtime.tensor_file import write_tensors


def initial_weights(spec: EncoderSpec, seed: int) -> dict[str, Tensor]:
    """Return untrained float32 weights of the encoder of ``spec``, by name, on the CPU.

    Drawn by a generator of the CPU, in the order of the names in the module: the same on every
    device.
    """
    generator = torch.Generator("cpu").manual_seed(seed)
    initial = find_family(spec.family).initial
    return {
        name: initial(spec, name, torch.empty(shape), generator)
        for name, shape in expected_shapes(spec).items()
    }


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
