"""Capture of the residual stream: the state before the first block and after every block."""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from pez.encoders.hooks import HookPoint, run_with_hooks
from pez.encoders.transformer import Encoder

T = TypeVar("T")


def capture_streams(
    encoder: Encoder, pixels: Tensor, reduce: Callable[[int, Tensor], T]
) -> list[T]:
    """Run ``encoder`` on ``pixels`` and return ``reduce(l, stream[l])`` for l = 0..L.

    ``stream[0]`` is the input of block 0 (the patch embedding, with positions where the family
    embeds them) and ``stream[l]`` the output of block l - 1; ``stream[L]`` precedes the last
    LayerNorm, which is never captured.

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

    points = [HookPoint("resid_pre", 0)]
    points += [HookPoint("resid_post", block) for block in range(len(encoder.layer))]
    with torch.inference_mode():
        run_with_hooks(encoder, pixels, dict.fromkeys(points, receive))
    return reduced
