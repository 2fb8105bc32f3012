"""Capture of the residual stream: the state before the first block and after every block."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from transformers.models.vjepa2.modeling_vjepa2 import VJEPA2Encoder

T = TypeVar("T")


def capture_streams(
    encoder: VJEPA2Encoder, pixels: Tensor, reduce: Callable[[int, Tensor], T]
) -> list[T]:
    """Run ``encoder`` on ``pixels`` and return ``reduce(l, stream[l])`` for l = 0..L.

    ``stream[0]`` is the input of block 0 (the patch embedding) and ``stream[l]`` the output of
    block l - 1; ``stream[L]`` precedes the final LayerNorm, which is never captured. Hooks of our
    own are used because the meaning of transformers' ``hidden_states`` changed between versions: in
    4.x its last entry is the output of that LayerNorm, and the true ``stream[L]`` is missing.

    Args:
        encoder: as loaded by `pez.encoders.load.load_encoder`.
        pixels: float32 [clips, frames, 3, size, size], normalised.
        reduce: called with a stream index and float32 tokens [clips, tokens, width]; it runs as
            soon as the stream exists, so that no more than one is held in full.

    Raises:
        RuntimeError: the residual stream is not float32, so a hook or autocast is misplaced.
    """
    reduced: list[T] = []

    def receive(tokens: Tensor) -> None:
        if tokens.dtype != torch.float32:
            raise RuntimeError(f"the residual stream is {tokens.dtype} and not float32")
        reduced.append(reduce(len(reduced), tokens))

    def before_first(module: nn.Module, args: tuple[Any, ...]) -> None:
        receive(args[0])

    def after_block(module: nn.Module, args: tuple[Any, ...], output: tuple[Any, ...]) -> None:
        receive(output[0])

    blocks: list[nn.Module] = list(encoder.layer)
    hooks = [blocks[0].register_forward_pre_hook(before_first)]
    hooks += [block.register_forward_hook(after_block) for block in blocks]
    try:
        with torch.inference_mode():
            encoder(pixels)
    finally:
        for hook in hooks:
            hook.remove()
    return reduced
