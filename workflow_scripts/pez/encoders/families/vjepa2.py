"""V-JEPA 2 (Assran et al. 2025, arXiv 2506.09985), as published by Meta and on Hugging Face.

Rotary positions, kept with the slip that the weights were trained with (`pez.encoders.rotary`).
The names of the module are those of transformers' ``VJEPA2Model(...).encoder``.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from pez.encoders.family import Family
from pez.encoders.patches import PatchEmbedding
from pez.encoders.rotary import Rotary, tiled
from pez.encoders.spec import EncoderSpec
from pez.encoders.transformer import Encoder

# facebookresearch/vjepa2, src/models/vision_transformer.py: init_std and _rescale_blocks. There the
# normal distribution is cut at +-2, which is 100 standard deviations and so no cut at all; but the
# usual way to sample it (trunc_normal_, by the inverse error function) turns one draw in 2^24 into
# exactly -2. A plain normal distribution is what is meant.
_STD = 0.02
_SCALED_BY_DEPTH = ("attention.proj.weight", "mlp.fc2.weight")

# Order of the rows of Meta's fused projection.
_FUSED = ("query", "key", "value")
_META_NAMES = (
    (re.compile(r"^blocks\.(\d+)\.attn\.proj\."), r"layer.\1.attention.proj."),
    (re.compile(r"^blocks\.(\d+)\."), r"layer.\1."),
    (re.compile(r"^patch_embed\.proj\."), "embeddings.patch_embeddings.proj."),
    (re.compile(r"^norm\."), "layernorm."),
)
_META_FUSED = re.compile(r"^blocks\.(\d+)\.attn\.qkv\.(weight|bias)$")

# Left over from encoders with absolute positions: the rotary encoders carry it and never read it.
_META_STALE = "pos_embed"


class VJepa2Encoder(Encoder):
    """Patches and tubelets without embedded positions, then blocks with rotary ones."""

    def add_embeddings(self) -> None:
        """Add the patch embedding, under transformers' name for it."""
        patches = PatchEmbedding(self.spec.hidden_size, self.spec.patch_size)
        self.embeddings = nn.ModuleDict({"patch_embeddings": nn.ModuleDict({"proj": patches})})

    def embed(self, pixels: Tensor) -> Tensor:
        """Embed the patches."""
        tokens: Tensor = self.get_submodule("embeddings.patch_embeddings.proj")(pixels)
        return tokens

    def rotary(self, dtype: torch.dtype, device: torch.device) -> Rotary:
        """Return V-JEPA 2's rotation."""
        head_size = self.spec.hidden_size // self.spec.heads
        grid = self.spec.input_size // self.spec.patch_size
        return Rotary(head_size, grid, tiled, dtype, device)


class VJepa2(Family):
    """The family V-JEPA 2."""

    title = "V-JEPA 2"
    # Sizes from facebookresearch/vjepa2, src/models/vision_transformer.py (factories vit_large,
    # vit_huge and vit_giant_xformers).
    published: ClassVar = {
        "V-JEPA 2 Large (vitl.pt)": (24, 1024),
        "V-JEPA 2 Huge (vith.pt)": (32, 1280),
        "V-JEPA 2 Giant (vitg.pt or vitg-384.pt)": (40, 1408),
    }
    anchors = ("patch_embed.proj.weight", "embeddings.patch_embeddings.proj.weight")

    def build(self, spec: EncoderSpec) -> Encoder:
        """Return the encoder of ``spec``."""
        return VJepa2Encoder(spec)

    def initial(self, name: str, tensor: Tensor, generator: Generator) -> Tensor:
        """Fill one parameter by Meta's scheme.

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

    def recognises(self, names: Iterable[str]) -> bool:
        """Say whether the names are Meta's or Hugging Face's, with one bias for all of q, k, v."""
        found = set(names)
        meta = "patch_embed.proj.weight" in found and "blocks.0.attn.qkv.bias" in found
        hugging_face = "embeddings.patch_embeddings.proj.weight" in found
        return (meta and "norms_block.0.weight" not in found) or hugging_face

    def translate(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Translate Meta's names; Hugging Face's are those of the module."""
        translated: dict[str, Tensor] = {}
        for name, tensor in state.items():
            if name == _META_STALE:
                continue
            fused = _META_FUSED.match(name)
            if fused:
                block, kind = fused.groups()
                for part, rows in zip(_FUSED, tensor.chunk(len(_FUSED)), strict=False):
                    translated[f"layer.{block}.attention.{part}.{kind}"] = rows
            else:
                translated[_translated(name)] = tensor
        return translated


def _translated(name: str) -> str:
    for pattern, replacement in _META_NAMES:
        name, replaced = pattern.subn(replacement, name)
        if replaced:
            break
    return name


FAMILY = VJepa2()
