"""Random initialisation, as the family was trained from."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pez.encoders.architecture import architecture_metadata, expected_shapes, library_versions
from pez.encoders.registry import find_family
from pez.encoders.spec import EncoderSpec
from pez.runtime.tensor_file import tensors_of_file


def initial_weights(spec: EncoderSpec, seed: int) -> dict[str, Tensor]:
    """Return untrained float32 weights of the encoder of ``spec``, by name, on the CPU."""
    return dict(drawn_weights(spec, seed))


def drawn_weights(spec: EncoderSpec, seed: int) -> Iterator[tuple[str, Tensor]]:
    """Yield untrained float32 weights of the encoder of ``spec`` with their names.

    Drawn by a generator of the CPU, in the order of the names in the module: the same on every
    device.
    """
    generator = torch.Generator("cpu").manual_seed(seed)
    initial = find_family(spec.family).initial
    for name, shape in expected_shapes(spec).items():
        yield name, initial(spec, name, torch.empty(shape), generator)


def write_initial_weights(spec: EncoderSpec, seed: int, output: Path | str) -> None:
    """Write the untrained encoder of ``spec`` to the safetensors file ``output``.

    A tensor is written while the next is drawn.
    """
    float32 = np.dtype("float32")
    layout = {name: (float32, shape) for name, shape in expected_shapes(spec).items()}
    metadata = {
        "weights": {"source": "random", "seed": seed},
        "architecture": architecture_metadata(spec),
        "versions": library_versions(),
    }
    with tensors_of_file(output, layout, metadata) as write:
        for name, tensor in drawn_weights(spec, seed):
            write(name, tensor.numpy())
