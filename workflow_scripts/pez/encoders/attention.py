"""Softmax attention in two ways to the same result, and its weights spelled out.

PyTorch's fused CPU kernel gains nothing from bfloat16. Plain matrix products do, as long as the
block of scores stays in the cache; benchmarks/encoder_cpu.py measures both.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

# 256 queries x 2048 keys in bfloat16 are 1 MB of scores: with 512 they leave the second-level cache
# of the processors this was measured on, and a block takes 1.4 times as long per query.
_BLOCK = 256


def fused_attention(query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
    """Softmax attention by PyTorch's fused kernel.

    Args:
        query, key, value: [clips, heads, tokens, head size], one floating dtype.
        scaling: factor of the scores.

    Returns:
        The attended values [clips, tokens, heads, head size].
    """
    return F.scaled_dot_product_attention(query, key, value, scale=scaling).transpose(1, 2)


def blocked_attention(query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
    """As `fused_attention`, one head and one block of queries at a time, for inference."""
    clips, heads, tokens, size = query.shape
    output = query.new_empty(clips, tokens, heads, size)
    query = query * scaling
    for clip in range(clips):
        for head in range(heads):
            keys, values = key[clip, head].t(), value[clip, head]
            for start in range(0, tokens, _BLOCK):
                rows = slice(start, start + _BLOCK)
                attention = torch.softmax(query[clip, head, rows] @ keys, dim=-1)
                output[clip, rows, head] = attention @ values
    return output


def attention_pattern(query: Tensor, key: Tensor, scaling: float) -> Tensor:
    """Return the attention weights, float32 [clips, heads, queries, keys]; every row sums to 1."""
    scores = query @ key.transpose(-1, -2) * scaling
    return torch.softmax(scores, dim=-1, dtype=torch.float32)
