"""Attention with keys taken away: their scores are masked before the softmax."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from pez.encoders.transformer import Encoder

Empty = Literal["zero", "self", "uniform"]


class Attend(Protocol):
    """How a block attends: called as the functions of `pez.encoders.attention` are."""

    def __call__(self, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        """Attend: three of [clips, heads, tokens, size] to one [clips, tokens, heads, size]."""
        ...


@dataclass(frozen=True)
class MaskedAttention:
    """Softmax attention to the keys that are left; called as those of `pez.encoders.attention`.

    Attributes:
        left: keys that are left, bool [queries, keys]; of `keyless` their own.
        keyless: queries that keep no key, bool [queries].
        empty: what becomes of these (`masked_attention`).
    """

    left: Tensor
    keyless: Tensor
    empty: Empty

    def __call__(self, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        """Attend: three of [clips, heads, tokens, size] to one [clips, tokens, heads, size]."""
        attended = F.scaled_dot_product_attention(
            query, key, value, attn_mask=self.left, scale=scaling
        ).transpose(1, 2)
        if self.empty == "zero":
            return attended.masked_fill(self.keyless[:, None, None], 0)
        if self.empty == "uniform":
            mean = value.mean(dim=2)[:, None]
            return torch.where(self.keyless[:, None, None], mean, attended)
        return attended


def masked_attention(removed: Tensor, empty: Empty, device: torch.device) -> MaskedAttention:
    """Attention without the keys ``removed``.

    Args:
        removed: bool [queries, keys].
        empty: of a query that keeps no key: ``zero``, its output is 0; ``self``, it keeps its own
            key; ``uniform``, it attends to all keys alike, as it does where masked scores are one
            large negative number. The paper does not say which.
        device: where attention is computed.
    """
    keyless = removed.all(dim=1)
    # A softmax over no key is no number: their own key stands in.
    return MaskedAttention((~removed | torch.diag(keyless)).to(device), keyless.to(device), empty)


@contextmanager
def attending(encoder: Encoder, attends: Mapping[int, Attend]) -> Iterator[None]:
    """Let some blocks (numbers from 0) attend by other functions, for the time being."""
    blocks = encoder.blocks()
    before = {block: blocks[block].attention.attend for block in attends}
    try:
        for block, attend in attends.items():
            blocks[block].attention.attend = attend
        yield
    finally:
        for block, own in before.items():
            blocks[block].attention.attend = own
