"""Weights permuted within each tensor: every tensor keeps its values and loses their order."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from pez.runtime.tensor_file import checked_checksum, read_metadata, write_tensors


def permute_weights(source: Path, permutation: Mapping[str, Any], output: Path) -> None:
    """Write the weights of the safetensors file ``source`` to ``output``, permuted.

    One generator deals out all tensors in the order of their names.

    Args:
        source: encoder weights.
        permutation: ``of``, the model they are of, and ``seed``.
        output: safetensors file with tensors of the same names, shapes and dtypes.

    Raises:
        ArtifactError: ``source`` is missing or damaged, or the disk is full.
    """
    metadata = read_metadata(source)
    checked_checksum(source)
    generator = torch.Generator().manual_seed(permutation["seed"])
    weights = load_file(source)
    permuted = {}
    for name in sorted(weights):
        flat = weights[name].flatten()
        order = torch.randperm(len(flat), generator=generator)
        permuted[name] = flat[order].view(weights[name].shape).numpy()
    write_tensors(output, permuted, {**metadata, "weights": dict(permutation)})
