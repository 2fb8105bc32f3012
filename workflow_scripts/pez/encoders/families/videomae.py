"""VideoMAE (Tong et al. 2022, arXiv 2203.12602) and VideoMAE v2 (Wang et al. 2023, 2303.16727).

One architecture; v2's giant has patches of 14 pixels. Published by the authors and, in other names,
on Hugging Face. What differs from V-JEPA 2:

* Fixed sine and cosine positions, by the number of the token, are added to the patches: stream[0]
  already knows where a token is, and attention does not turn queries and keys.
* Keys have no bias.
* An encoder fine-tuned on classes with mean pooling has no LayerNorm after its last block but one
  after the mean; that stands in its place here. The residual stream passes through neither.

LayerNorms have epsilon 1e-6, as in the authors' code; Hugging Face's configuration says 1e-12.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from pez.encoders.family import Family
from pez.encoders.patches import TUBELET_FRAMES, PatchEmbedding
from pez.encoders.published import from_original, renamed
from pez.encoders.spec import EncoderSpec
from pez.encoders.transformer import Encoder

_BASE = 10_000
# What stands after "layer.0." in the authors' names (as `from_original` leaves them) and in those
# of Hugging Face, of today and of before transformers 5.
_NAMES = (
    (re.compile(r"^layer\.(\d+)\.attn\.q_bias$"), r"layer.\1.attention.query.bias"),
    (re.compile(r"^layer\.(\d+)\.attn\.v_bias$"), r"layer.\1.attention.value.bias"),
    (re.compile(r"^encoder\.(layer\.\d+\.attention)\.attention\.q_bias$"), r"\1.query.bias"),
    (re.compile(r"^encoder\.(layer\.\d+\.attention)\.attention\.v_bias$"), r"\1.value.bias"),
    (re.compile(r"^encoder\.(layer\.\d+\.attention)\.attention\."), r"\1."),
    (re.compile(r"^encoder\.(layer\.\d+\.attention)\.output\.dense\."), r"\1.proj."),
    (re.compile(r"^encoder\.(layer\.\d+)\.intermediate\.dense\."), r"\1.mlp.fc1."),
    (re.compile(r"^encoder\.(layer\.\d+)\.output\.dense\."), r"\1.mlp.fc2."),
    (re.compile(r"^encoder\.(layer\.\d+)\.layernorm_before\."), r"\1.norm1."),
    (re.compile(r"^encoder\.(layer\.\d+)\.layernorm_after\."), r"\1.norm2."),
    (
        re.compile(r"^embeddings\.patch_embeddings\.projection\."),
        "embeddings.patch_embeddings.proj.",
    ),
    (re.compile(r"^fc_norm\."), "layernorm."),
)
_FIXED = ("pos_embed", "embeddings.position_embeddings")  # computed, whatever a file says


def sinusoids(tokens: int, width: int) -> Tensor:
    """Return the positions' code, float32 [tokens, width]: sines at even channels, cosines at odd.

    Channels 2k and 2k + 1 of token n have the angle n / 10000^(2k / width).
    """
    pair = torch.arange(width, dtype=torch.float64) // 2
    angle = torch.arange(tokens, dtype=torch.float64)[:, None] * _BASE ** (-2 * pair / width)
    even = torch.arange(width) % 2 == 0
    return torch.where(even, angle.sin(), angle.cos()).to(torch.float32)


class VideoMaeEncoder(Encoder):
    """Patches with the code of their positions, then blocks without any."""

    def __init__(self, spec: EncoderSpec) -> None:
        super().__init__(spec, key_bias=False)
        self._positions: Tensor | None = None

    def add_embeddings(self) -> None:
        """Add the patch embedding."""
        patches = PatchEmbedding(self.spec.hidden_size, self.spec.patch_size)
        self.embeddings = nn.ModuleDict({"patch_embeddings": nn.ModuleDict({"proj": patches})})

    def embed(self, pixels: Tensor) -> Tensor:
        """Embed the patches and add their positions."""
        tokens: Tensor = self.get_submodule("embeddings.patch_embeddings.proj")(pixels)
        if self._positions is None or len(self._positions) != tokens.shape[1]:
            self._positions = sinusoids(*tokens.shape[1:]).to(tokens.device)
        return tokens + self._positions


class VideoMae(Family):
    """The family VideoMAE, versions 1 and 2."""

    title = "VideoMAE"
    published: ClassVar = {
        "VideoMAE Small": (12, 384),
        "VideoMAE Base": (12, 768),
        "VideoMAE Large": (24, 1024),
        "VideoMAE Huge": (32, 1280),
        "VideoMAE v2 Giant": (40, 1408),
    }
    anchors = ("patch_embed.proj.weight", "embeddings.patch_embeddings.projection.weight")
    beside = ("fc_norm.",)

    def build(self, spec: EncoderSpec) -> Encoder:
        """Return the encoder of ``spec``."""
        return VideoMaeEncoder(spec)

    def initial(self, spec: EncoderSpec, name: str, tensor: Tensor, generator: Generator) -> Tensor:
        """Fill one parameter as modeling_pretrain.py of MCG-NJU/VideoMAE does.

        Matrices are uniform with the variance 2 / (inputs + outputs), of the one matrix that holds
        q, k and v; biases are 0, LayerNorm scales 1. The patch embedding is left as PyTorch draws a
        convolution: weights and biases uniform up to 1 / sqrt(inputs).
        """
        if name.startswith("embeddings."):
            bound = 1 / math.sqrt(3 * TUBELET_FRAMES * spec.patch_size**2)
            return tensor.uniform_(-bound, bound, generator=generator)
        if name.endswith(".bias"):
            return tensor.zero_()
        if tensor.ndim == 1:
            return tensor.fill_(1.0)
        outputs, inputs = tensor.shape
        fused = name.endswith(("query.weight", "key.weight", "value.weight"))
        bound = math.sqrt(6 / (inputs + (3 * outputs if fused else outputs)))
        return tensor.uniform_(-bound, bound, generator=generator)

    def recognises(self, names: Iterable[str]) -> bool:
        """Say whether queries have a bias of their own, or the names are Hugging Face's."""
        found = set(names)
        return bool(
            found & {"blocks.0.attn.q_bias", "embeddings.patch_embeddings.projection.weight"}
        )

    def translate(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Translate the authors' names and Hugging Face's."""
        learned = {name: value for name, value in state.items() if name not in _FIXED}
        return {renamed(n, _NAMES): value for n, value in from_original(learned).items()}


FAMILY = VideoMae()
