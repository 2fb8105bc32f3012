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
_MOST_SCORES = 2**25  # that are held at once


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

    def shares(self) -> dict[str, float]:
        """Shares of keys taken (``removed``), and of queries that keep none (``empty``)."""
        removed = ~self.left | torch.diag(self.keyless)
        return {
            "removed": removed.float().mean().item(),
            "empty": self.keyless.float().mean().item(),
        }


@dataclass
class MassMatched:
    """Softmax attention without random keys that hold as much of it as those near the query.

    A query that gives its near keys the share m of its attention, in one head and clip, loses every
    key with probability m: on average the same share. The shares are those of this pass, block by
    block. Called as the functions of `pez.encoders.attention` are.

    Attributes:
        near: keys near the query, bool [queries, keys].
        draws: uniform in [0, 1), float32 [queries, keys]; a key is taken where its draw is below m.
        empty: what becomes of a query that keeps no key (`masked_attention`).
    """

    near: Tensor
    draws: Tensor
    empty: Empty
    _asked: int = 0
    _taken: float = 0.0
    _keyless: float = 0.0

    def __call__(self, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        """Attend: three of [clips, heads, tokens, size] to one [clips, tokens, heads, size]."""
        clips, heads, tokens, _ = query.shape
        rows = max(1, _MOST_SCORES // (clips * heads * tokens))
        with torch.autocast(query.device.type, enabled=False):
            keys, values = (whole.float() for whole in (key.mT, value))
            parts = [
                self._part(query[:, :, part].float() @ keys * scaling, values, part)
                for part in (slice(start, start + rows) for start in range(0, tokens, rows))
            ]
        return torch.cat(parts, dim=2).to(value).transpose(1, 2)

    def _part(self, scores: Tensor, values: Tensor, part: slice) -> Tensor:
        """What some queries attend to by ``scores`` [clips, heads, queries, keys]."""
        mass = (scores.softmax(dim=-1) * self.near[part]).sum(dim=-1, keepdim=True)
        taken = self.draws[part] < mass
        keyless = taken.all(dim=-1)
        self._asked += keyless.numel()
        self._taken += taken.sum().item() / taken.shape[-1]
        self._keyless += keyless.sum().item()
        if self.empty == "self":  # their own key stays
            own = torch.eye(len(self.near), dtype=torch.bool, device=taken.device)[part]
            taken &= ~(keyless[..., None] & own)
        weights = scores.masked_fill_(taken, -torch.inf).softmax(dim=-1)
        instead = 1 / taken.shape[-1] if self.empty == "uniform" else 0.0
        return weights.nan_to_num_(instead) @ values

    def shares(self) -> dict[str, float]:
        """Shares of keys taken so far (``removed``), and of queries that kept none (``empty``)."""
        return {"removed": self._taken / self._asked, "empty": self._keyless / self._asked}


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
