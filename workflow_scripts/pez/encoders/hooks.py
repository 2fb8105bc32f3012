"""Hook points: values inside the encoder that can be looked at and replaced.

The names are TransformerLens's. Of every block, in the order of the computation:

    resid_pre   [clips, tokens, D]               residual stream before the block
    q, k, v     [clips, tokens, heads, head]     before any rotation by position
    rot_q, rot_k  as q and k                     after it (the same where nothing is rotated)
    pattern     [clips, heads, queries, keys]    attention weights, float32; rows sum to 1
    attn_out    [clips, tokens, D]               what attention adds to the stream
    mlp_pre     [clips, tokens, MLP]             first MLP layer, before the GELU
    mlp_post    [clips, tokens, MLP]             after it
    mlp_out     [clips, tokens, D]               what the MLP adds to the stream
    resid_post  [clips, tokens, D]               residual stream after the block

The stream and the pattern are float32; the others have the precision of the matrices. A pattern is
computed only where somebody asks for it, and is large: 268 MB for one clip and block of V-JEPA 2
Large at 256 pixels.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from torch import Tensor

from pez.encoders.transformer import Encoder

HOOK_POINTS = (
    "resid_pre", "q", "k", "v", "rot_q", "rot_k", "pattern", "attn_out", "mlp_pre", "mlp_post",
    "mlp_out", "resid_post",
)  # fmt: skip

# Sees a value; returns what takes its place, or None to leave it. It must not change it in place.
HookFunction = Callable[[Tensor], Tensor | None]


class HookPoint(NamedTuple):
    """A name of `HOOK_POINTS` and the number of the block, from 0."""

    name: str
    block: int


def run_with_hooks(
    encoder: Encoder, pixels: Tensor, hooks: Mapping[HookPoint, HookFunction]
) -> Tensor:
    """Run ``encoder`` on ``pixels`` with a function at each of some hook points.

    To read attention patterns of block 3 and switch off the MLP of block 5:

        seen = []
        run_with_hooks(encoder, pixels, {
            HookPoint("pattern", 3): seen.append,
            HookPoint("mlp_out", 5): torch.zeros_like,
        })

    Args:
        encoder: as loaded by `pez.encoders.load.load_encoder`.
        pixels: float32 [clips, frames, 3, size, size], normalised.
        hooks: the functions. Where all return None the result is that of a plain run, bit for bit.

    Returns:
        The tokens after the last LayerNorm, [clips, tokens, D].

    Raises:
        ValueError: there is no such hook point, or a value was replaced by one of another shape,
            dtype or device.
    """
    visits: dict[int, _Visit] = {}
    for point, function in hooks.items():
        if point.name not in HOOK_POINTS or not 0 <= point.block < len(encoder.layer):
            raise ValueError(
                f"no hook point {point.name!r} of block {point.block}: the names are "
                f"{', '.join(HOOK_POINTS)}, the blocks 0 to {len(encoder.layer) - 1}"
            )
        visits.setdefault(point.block, _Visit(point.block)).functions[point.name] = function
    output: Tensor = encoder(pixels, visits)
    return output


class _Visit:
    """The functions at the hook points of one block."""

    def __init__(self, block: int) -> None:
        self.block = block
        self.functions: dict[str, HookFunction] = {}

    @property
    def inside(self) -> bool:
        """Whether any hook point is inside the block, and not before or after it."""
        return not self.functions.keys() <= {"resid_pre", "resid_post"}

    def __contains__(self, name: str) -> bool:
        return name in self.functions

    def __call__(self, name: str, value: Tensor) -> Tensor:
        function = self.functions.get(name)
        replacement = function(value) if function else None
        if replacement is None:
            return value
        for what in ("shape", "dtype", "device"):
            given, wanted = getattr(replacement, what), getattr(value, what)
            if given != wanted:
                raise ValueError(
                    f"{name} of block {self.block} was replaced by a tensor of {what} {given}: "
                    f"it has to be {wanted}"
                )
        return replacement
