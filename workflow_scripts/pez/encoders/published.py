"""What published vision transformers have in common: names of parameters, and V-JEPA's first draw.

Original code names blocks ``blocks.0.attn.qkv.weight`` and the like, after timm, with queries, keys
and values in one matrix. Modules here name them as transformers does: ``layer.0.attention.query``.
"""

import math
import re
from collections.abc import Mapping

from torch import Generator, Tensor

_FUSED = ("query", "key", "value")  # order of the rows of the one matrix
_FUSED_NAME = re.compile(r"^blocks\.(\d+)\.attn\.qkv\.(weight|bias)$")
_NAMES = (
    (re.compile(r"^blocks\.(\d+)\.attn\.proj\."), r"layer.\1.attention.proj."),
    (re.compile(r"^blocks\.(\d+)\."), r"layer.\1."),
    (re.compile(r"^patch_embed\.proj\."), "embeddings.patch_embeddings.proj."),
    (re.compile(r"^norm\."), "layernorm."),
)

# facebookresearch/vjepa2, src/models/vision_transformer.py: init_std and _rescale_blocks. There the
# normal distribution is cut at +-2, which is 100 standard deviations and so no cut at all; but the
# usual way to sample it (trunc_normal_, by the inverse error function) turns one draw in 2^24 into
# exactly -2. A plain normal distribution is what is meant.
_STD = 0.02
_SCALED_BY_DEPTH = ("attention.proj.weight", "mlp.fc2.weight")


def from_original(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Translate the names of original code, and split its fused matrices; pass on all others."""
    translated: dict[str, Tensor] = {}
    for name, tensor in state.items():
        fused = _FUSED_NAME.match(name)
        if fused:
            block, kind = fused.groups()
            for part, rows in zip(_FUSED, tensor.chunk(len(_FUSED)), strict=False):
                translated[f"layer.{block}.attention.{part}.{kind}"] = rows
        else:
            translated[renamed(name, _NAMES)] = tensor
    return translated


def renamed(name: str, rules: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    """Apply the first of ``rules`` (pattern, replacement) that fits ``name``, if any does."""
    for pattern, replacement in rules:
        name, replaced = pattern.subn(replacement, name)
        if replaced:
            break
    return name


def vjepa_initial(name: str, tensor: Tensor, generator: Generator) -> Tensor:
    """Fill one parameter as Meta's code does before training; return it.

    Matrices are drawn from a normal distribution of standard deviation 0.02; biases are 0,
    LayerNorm scales 1; in block i, counted from 1, the matrices that write to the residual
    stream (attention output, second MLP layer) are divided by sqrt(2 i).
    """
    if name.endswith(".bias"):
        return tensor.zero_()
    if tensor.ndim == 1:
        return tensor.fill_(1.0)
    tensor.normal_(std=_STD, generator=generator)
    if name.endswith(_SCALED_BY_DEPTH):
        block = int(name.split(".")[1]) + 1
        tensor /= math.sqrt(2 * block)
    return tensor
