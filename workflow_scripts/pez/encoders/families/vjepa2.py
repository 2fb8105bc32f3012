"""V-JEPA 2 (Assran et al. 2025, arXiv 2506.09985), as published by Meta and on Hugging Face.

Rotary positions, kept with the slip that the weights were trained with (`pez.encoders.rotary`), on
the grid of the input: 16 x 16 at 256 pixels, 24 x 24 at 384. The names of the module are those of
transformers' ``VJEPA2Model(...).encoder``.
"""

from collections.abc import Iterable, Mapping
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from pez.encoders.family import Family
from pez.encoders.patches import PatchEmbedding
from pez.encoders.published import from_original, vjepa_initial
from pez.encoders.rotary import Rotary, tiled
from pez.encoders.spec import EncoderSpec
from pez.encoders.transformer import Encoder

# Left over from encoders with absolute positions: the rotary encoders carry it and never read it.
_STALE = "pos_embed"


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

    def initial(self, spec: EncoderSpec, name: str, tensor: Tensor, generator: Generator) -> Tensor:
        """Fill one parameter by Meta's scheme."""
        return vjepa_initial(name, tensor, generator)

    def recognises(self, names: Iterable[str]) -> bool:
        """Say whether the names are Meta's, with biases for q, k and v, or Hugging Face's."""
        found = set(names)
        meta = "blocks.0.attn.qkv.bias" in found and "norms_block.0.weight" not in found
        return meta or "embeddings.patch_embeddings.proj.weight" in found

    def translate(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Translate Meta's names; Hugging Face's are those of the module."""
        return from_original({name: value for name, value in state.items() if name != _STALE})


FAMILY = VJepa2()
