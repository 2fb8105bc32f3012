"""The video transformer that the families share: pre-LayerNorm blocks on tubelets of patches.

A module of our own and not one of transformers, because importing that library takes longer than
most of an extraction job's work: 16 s of 22 s of start on a GPU machine with a network disk. The
tests hold it against transformers' models, and against what those compute at every hook point.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Protocol, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pez.encoders.attention import attention_pattern, blocked_attention, fused_attention
from pez.encoders.compute import Compute
from pez.encoders.patches import TUBELET_FRAMES
from pez.encoders.spec import EncoderSpec

EPSILON = 1e-6  # of the LayerNorms, in all families
Rotate = Callable[[Tensor], Tensor]  # queries or keys [clips, heads, tokens, head size]


class Visit(Protocol):
    """What happens to the values inside a block on their way: see `pez.encoders.hooks`."""

    @property
    def inside(self) -> bool:
        """Whether any hook point is inside the block, and not before or after it."""
        ...

    def __call__(self, name: str, value: Tensor) -> Tensor:
        """Return what takes the place of ``value`` at the hook point ``name``."""
        ...

    def __contains__(self, name: str) -> bool:
        """Say whether anybody wants to see the hook point ``name``."""
        ...


def visited(visit: Visit | None, name: str, value: Tensor) -> Tensor:
    """Return what ``visit`` makes of ``value``; without a visit, ``value``."""
    return value if visit is None else visit(name, value)


class Attention(nn.Module):
    """Self-attention of all tokens to all tokens, with rotated queries and keys where asked."""

    def __init__(self, spec: EncoderSpec, key_bias: bool) -> None:
        super().__init__()
        width = spec.hidden_size
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=key_bias)
        self.value = nn.Linear(width, width)
        self.proj = nn.Linear(width, width)
        self.head_size = width // spec.heads
        self.scaling = self.head_size**-0.5
        self.rotate: Rotate | None = None
        self.attend = fused_attention

    def forward(self, tokens: Tensor, visit: Visit | None) -> Tensor:
        """Return what attention writes to the residual stream, [clips, tokens, D]."""
        query = self._heads("q", self.query, tokens, visit)
        key = self._heads("k", self.key, tokens, visit)
        value = self._heads("v", self.value, tokens, visit)
        if self.rotate is not None:
            query, key = self.rotate(query), self.rotate(key)
        if visit is not None:
            query = visit("rot_q", query.transpose(1, 2)).transpose(1, 2)
            key = visit("rot_k", key.transpose(1, 2)).transpose(1, 2)
        attended = self._replaced(query, key, value, visit)
        if attended is None:
            attended = self.attend(query, key, value, self.scaling)
        output: Tensor = self.proj(attended.flatten(2))
        return output

    def _heads(self, name: str, project: nn.Linear, tokens: Tensor, visit: Visit | None) -> Tensor:
        """Project and split into heads: [clips, heads, tokens, head size]."""
        heads = project(tokens).unflatten(-1, (-1, self.head_size))
        return visited(visit, name, heads).transpose(1, 2)

    def _replaced(
        self, query: Tensor, key: Tensor, value: Tensor, visit: Visit | None
    ) -> Tensor | None:
        """Attend by the weights that ``visit`` puts in place of the computed ones, if it does.

        Weights that are only looked at change nothing, not even the rounding.
        """
        if visit is None or "pattern" not in visit:
            return None
        computed = attention_pattern(query, key, self.scaling)
        pattern = visit("pattern", computed)
        if pattern is computed:
            return None
        return (pattern.to(value.dtype) @ value).transpose(1, 2)


class Mlp(nn.Module):
    """Two layers with a GELU (the exact one) between them."""

    def __init__(self, spec: EncoderSpec) -> None:
        super().__init__()
        self.fc1 = nn.Linear(spec.hidden_size, spec.mlp_size)
        self.fc2 = nn.Linear(spec.mlp_size, spec.hidden_size)

    def forward(self, tokens: Tensor, visit: Visit | None) -> Tensor:
        """Return what the MLP writes to the residual stream, [clips, tokens, D]."""
        hidden = visited(visit, "mlp_pre", self.fc1(tokens))
        output: Tensor = self.fc2(visited(visit, "mlp_post", F.gelu(hidden)))
        return output


class Block(nn.Module):
    """Attention and MLP; each reads a LayerNorm of the residual stream and adds to the stream."""

    def __init__(self, spec: EncoderSpec, key_bias: bool) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(spec.hidden_size, eps=EPSILON)
        self.attention = Attention(spec, key_bias)
        self.norm2 = nn.LayerNorm(spec.hidden_size, eps=EPSILON)
        self.mlp = Mlp(spec)
        self.matrices = torch.float32

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the residual stream [clips, tokens, D] after the block."""
        return self.run(tokens, None)

    def run(self, tokens: Tensor, visit: Visit | None) -> Tensor:
        """As `forward`, with a visit to every hook point inside the block."""
        # Rounded once here, in place of once for each matrix that it meets.
        normed = self.norm1(tokens).to(self.matrices)
        middle = visited(visit, "attn_out", self.attention(normed, visit)) + tokens
        normed = self.norm2(middle).to(self.matrices)
        return visited(visit, "mlp_out", self.mlp(normed, visit)) + middle


class Encoder(nn.Module):
    """Patch embedding, blocks and a last LayerNorm; a family says what is special to it.

    Made by `pez.encoders.architecture.build_encoder` and made ready by `prepare`.
    """

    takes_pictures = False  # one frame alone, which is no tubelet

    def __init__(self, spec: EncoderSpec, key_bias: bool = True) -> None:
        super().__init__()
        self.spec = spec
        self.compute: Compute | None = None
        self.add_embeddings()
        self.layer = nn.ModuleList(Block(spec, key_bias) for _ in range(spec.layers))
        self.add_norms()

    @abstractmethod
    def add_embeddings(self) -> None:
        """Add the modules and parameters that come before the blocks."""

    def add_norms(self) -> None:
        """Add the modules after the blocks."""
        self.layernorm = nn.LayerNorm(self.spec.hidden_size, eps=EPSILON)

    def blocks(self) -> list[Block]:
        """Return the blocks in order."""
        return cast(list[Block], list(self.layer))

    @abstractmethod
    def embed(self, pixels: Tensor) -> Tensor:
        """Turn pixels [clips, frames, 3, size, size] into stream[0], float32 [clips, tokens, D]."""

    def normalise(self, tokens: Tensor) -> Tensor:
        """Apply the last LayerNorm."""
        output: Tensor = self.layernorm(tokens)
        return output

    def rotary(self, dtype: torch.dtype, device: torch.device) -> Rotate | None:
        """Return the rotation of queries and keys, or None where positions are embedded."""
        return None

    def forward(self, pixels: Tensor, visits: Mapping[int, Visit] | None = None) -> Tensor:
        """Return the tokens after the last LayerNorm, [clips, tokens, D].

        Args:
            pixels: float32 [clips, frames, 3, size, size], normalised.
            visits: by block, what is done at its hook points (`pez.encoders.hooks`).

        Raises:
            ValueError: the pixels are not of the size that the encoder was built for.
            RuntimeError: the encoder was not prepared.
        """
        if self.compute is None:
            raise RuntimeError("the encoder has no positions yet: call prepare(encoder, compute)")
        self.check_pixels(pixels)
        tokens = self.embed(pixels)
        for index, block in enumerate(self.blocks()):
            visit = visits.get(index) if visits else None
            tokens = visited(visit, "resid_pre", tokens)
            # Compiled blocks are left as they are unless somebody wants to look inside.
            inside = visit is not None and visit.inside
            tokens = block.run(tokens, visit) if inside else block(tokens)
            tokens = visited(visit, "resid_post", tokens)
        return self.normalise(tokens)

    def check_pixels(self, pixels: Tensor) -> None:
        """Check the shape of ``pixels``: positions follow from the configured size, not from them.

        Raises:
            ValueError: another size, or frames that cannot be cut into tubelets.
        """
        size = self.spec.input_size
        if pixels.ndim != 5 or tuple(pixels.shape[2:]) != (3, size, size):
            raise ValueError(
                f"pixels of shape {tuple(pixels.shape)} for an encoder built for "
                f"[clips, frames, 3, {size}, {size}]: its positions would be wrong"
            )
        picture = self.takes_pictures and pixels.shape[1] == 1
        if pixels.shape[1] % TUBELET_FRAMES and not picture:
            raise ValueError(
                f"{pixels.shape[1]} frames cannot be cut into tubelets of {TUBELET_FRAMES} frames"
            )


def prepare(encoder: Encoder, compute: Compute) -> Encoder:
    """Move a float32 ``encoder`` to the device and ready it for whole clips, in place.

    The residual stream stays float32 whatever the precision (the patch embedding is kept out of
    autocast): 0.45 % error after the 24 untrained blocks of V-JEPA 2 Large in place of 1.24 %.
    Matrices are stored in bfloat16 for bf16, as autocast would round them at every call.
    """
    rounded = compute.precision == "bf16"
    dtype = torch.bfloat16 if rounded else torch.float32
    rotate = encoder.rotary(dtype, compute.device)
    blocked = rounded and compute.device.type == "cpu"
    for block in encoder.blocks():
        block.matrices = dtype
        block.attention.rotate = rotate
        block.attention.attend = blocked_attention if blocked else fused_attention
        if rounded:
            for module in block.modules():
                if isinstance(module, nn.Linear):
                    module.to(dtype)
    encoder.compute = compute
    return encoder.to(compute.device)
