"""V-JEPA 2.1 (March 2026), as published by Meta: facebookresearch/vjepa2, app/vjepa_2_1.

What differs from V-JEPA 2, read in that code and not tried on published weights:

* Rotary positions without the slip: both channels of a pair turn by one angle.
* Rows and columns are spread over the positions of the grid that training began with (16 x 16 of
  patches of 16 pixels, 18 x 18 of 14), whatever the input: 24 rows stand at 0, 15/23, ... 15.
  Tubelets count 0, 1, 2, ...
* A vector that says "video" is added to every token: stream[0] contains it. Single frames have an
  embedding of their own patches and a vector that says "picture".
* Four output LayerNorms, of four depths, the last of which is that of the last block. The stream
  passes through none of them.

Distilled encoders (Base and Large) are kept under ``ema_encoder``.
"""

from collections.abc import Iterable, Mapping
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from pez.encoders.family import Family
from pez.encoders.patches import PatchEmbedding
from pez.encoders.published import from_original, vjepa_initial
from pez.encoders.rotary import Rotary, paired
from pez.encoders.spec import EncoderSpec
from pez.encoders.transformer import EPSILON, Encoder

_OUTPUT_NORMS = 4
_MODALITIES = ("video_mod_embed", "img_mod_embed")
_MODALITY_STD = 1e-6
_PRETRAINED_PIXELS = 256  # side of the frames that positions refer to


class VJepa21Encoder(Encoder):
    """Tubelets marked as video, or single frames marked as pictures, and rotary blocks."""

    takes_pictures = True

    def add_embeddings(self) -> None:
        """Add both patch embeddings and the two modalities' vectors."""
        width, patch = self.spec.hidden_size, self.spec.patch_size
        for name in _MODALITIES:
            self.register_parameter(name, nn.Parameter(torch.empty(1, 1, width)))
        video, picture = PatchEmbedding(width, patch), PatchEmbedding(width, patch, frames=1)
        self.embeddings = nn.ModuleDict(
            {
                "patch_embeddings": nn.ModuleDict({"proj": video}),
                "picture_embeddings": nn.ModuleDict({"proj": picture}),
            }
        )

    def add_norms(self) -> None:
        """Add the output LayerNorms."""
        self.norms_block = nn.ModuleList(
            nn.LayerNorm(self.spec.hidden_size, eps=EPSILON) for _ in range(_OUTPUT_NORMS)
        )

    def embed(self, pixels: Tensor) -> Tensor:
        """Embed the patches and mark them as video, or as a picture where there is one frame."""
        picture = pixels.shape[1] == 1
        kind = "picture_embeddings" if picture else "patch_embeddings"
        tokens: Tensor = self.get_submodule(f"embeddings.{kind}.proj")(pixels)
        return tokens + self.get_parameter(_MODALITIES[picture])

    def normalise(self, tokens: Tensor) -> Tensor:
        """Apply the LayerNorm of the last block."""
        output: Tensor = self.norms_block[-1](tokens)
        return output

    def rotary(self, dtype: torch.dtype, device: torch.device) -> Rotary:
        """Return the rotation, with rows and columns spread over the grid of training."""
        head_size = self.spec.hidden_size // self.spec.heads
        grid = self.spec.input_size // self.spec.patch_size
        pretrained = _PRETRAINED_PIXELS // self.spec.patch_size
        step = (pretrained - 1) / max(grid - 1, 1)
        return Rotary(head_size, grid, paired, dtype, device, step)


class VJepa21(Family):
    """The family V-JEPA 2.1."""

    title = "V-JEPA 2.1"
    published: ClassVar = {
        "V-JEPA 2.1 Base (vjepa2_1_vitb_dist_vitG_384.pt)": (12, 768),
        "V-JEPA 2.1 Large (vjepa2_1_vitl_dist_vitG_384.pt)": (24, 1024),
        "V-JEPA 2.1 Giant (vjepa2_1_vitg_384.pt)": (40, 1408),
        "V-JEPA 2.1 Gigantic (vjepa2_1_vitG_384.pt)": (48, 1664),
    }
    containers: ClassVar = {
        "target_encoder": ("target_encoder", "ema_encoder"),
        "encoder": ("encoder",),
    }
    anchors = ("patch_embed.proj.weight",)

    def build(self, spec: EncoderSpec) -> Encoder:
        """Return the encoder of ``spec``."""
        return VJepa21Encoder(spec)

    def initial(self, spec: EncoderSpec, name: str, tensor: Tensor, generator: Generator) -> Tensor:
        """Fill one parameter by Meta's scheme; the modalities' vectors begin at almost nothing."""
        if name in _MODALITIES:
            return tensor.normal_(std=_MODALITY_STD, generator=generator)
        return vjepa_initial(name, tensor, generator)

    def recognises(self, names: Iterable[str]) -> bool:
        """Say whether there are several output norms: no other family has them."""
        return "norms_block.0.weight" in set(names)

    def translate(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Translate Meta's names."""
        return {
            name.replace("patch_embed_img.", "embeddings.picture_embeddings."): value
            for name, value in from_original(state).items()
        }


FAMILY = VJepa21()
