"""V-JEPA 2's attentive classifier, many copies with weights of their own computed side by side.

Self-attention blocks without positions of any kind, then one cross-attention block in which a
learned query reads all tokens, then a linear layer. The "depth" of the published classifier counts
the blocks of both kinds: 4 are three and one (facebookresearch/vjepa2, attentive_pooler.py).

Every parameter has a leading axis of copies ("fits"), so that a linear layer of all copies is one
batched matrix product.
"""

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

EPSILON = 1e-5  # of the LayerNorms; the encoder's have 1e-6
MLP_RATIO = 4
_STD = 0.02

Parameters = Mapping[str, Tensor]  # [fits, *shape]


def parameter_shapes(width: int, depth: int) -> dict[str, tuple[int, ...]]:
    """Shape of every parameter of one classifier with one output."""
    hidden = MLP_RATIO * width
    shapes: dict[str, tuple[int, ...]] = {"query": (1, width)}
    for block in range(depth):
        last = block == depth - 1
        projections = {"q": width, "kv": 2 * width} if last else {"qkv": 3 * width, "proj": width}
        for name, rows in projections.items():
            shapes |= _linear_shapes(f"{block}.{name}", rows, width)
        shapes |= _linear_shapes(f"{block}.fc1", hidden, width)
        shapes |= _linear_shapes(f"{block}.fc2", width, hidden)
        for norm in ("norm1", "norm2"):
            shapes |= {f"{block}.{norm}.weight": (width,), f"{block}.{norm}.bias": (width,)}
    return shapes | _linear_shapes("output", 1, width)


def _linear_shapes(name: str, rows: int, columns: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (rows, columns), f"{name}.bias": (rows,)}


def initial_parameters(width: int, depth: int, seed: int) -> dict[str, Tensor]:
    """Untrained float32 parameters of one classifier, without the axis of fits.

    Matrices and the query are normal with standard deviation 0.02, biases 0, LayerNorm scales 1;
    in block i, counted from 1, ``proj`` and ``fc2``, which write to the stream, are divided by
    sqrt(2 i), where the cross-attention block counts as the last self-attention block does. The
    output layer is left as PyTorch makes it, uniform within 1 / sqrt(width), bias too.
    """
    generator = torch.Generator().manual_seed(seed)
    parameters = {}
    for name, shape in parameter_shapes(width, depth).items():
        if name.startswith("output"):
            bound = 1 / math.sqrt(width)
            parameters[name] = torch.empty(shape).uniform_(-bound, bound, generator=generator)
        elif name.endswith("bias"):
            parameters[name] = torch.zeros(shape)
        elif "norm" in name:
            parameters[name] = torch.ones(shape)
        else:
            parameters[name] = torch.randn(shape, generator=generator) * _STD
        if name.endswith(("proj.weight", "fc2.weight")):
            block = min(int(name.split(".")[0]) + 1, max(depth - 1, 1))
            parameters[name] /= math.sqrt(2 * block)
    return parameters


def classify(parameters: Parameters, tokens: Tensor, heads: int) -> Tensor:
    """Logits [fits, n] of ``tokens`` [fits, n, P, D], every copy on clips of its own."""
    depth = sum(name.endswith("norm1.weight") for name in parameters)
    for block in range(depth - 1):
        tokens = _self_attention_block(parameters, str(block), tokens, heads)
    return _cross_attention_block(parameters, str(depth - 1), tokens, heads)


def _self_attention_block(p: Parameters, block: str, tokens: Tensor, heads: int) -> Tensor:
    fits, clips, count, width = tokens.shape
    qkv = _linear(p, f"{block}.qkv", tokens, f"{block}.norm1")
    split = qkv.view(fits * clips, count, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    queries, keys, values = split.unbind()
    attended = F.scaled_dot_product_attention(queries, keys, values)
    joined = attended.transpose(1, 2).reshape(fits, clips, count, width)
    tokens = tokens + _linear(p, f"{block}.proj", joined)
    return tokens + _mlp(p, block, tokens)


def _cross_attention_block(p: Parameters, block: str, tokens: Tensor, heads: int) -> Tensor:
    fits, clips, count, width = tokens.shape
    size = width // heads
    query = p["query"][:, None].expand(fits, clips, 1, width)
    kv = _linear(p, f"{block}.kv", tokens, f"{block}.norm1")
    keys, values = kv.view(fits * clips, count, 2, heads, size).permute(2, 0, 3, 1, 4).unbind()
    asked = _linear(p, f"{block}.q", query).reshape(fits * clips, 1, heads, size).transpose(1, 2)
    attended = F.scaled_dot_product_attention(asked, keys, values)
    pooled = query + attended.transpose(1, 2).reshape(fits, clips, 1, width)
    pooled = pooled + _mlp(p, block, pooled)
    return _linear(p, "output", pooled)[:, :, 0, 0]


def _mlp(p: Parameters, block: str, tokens: Tensor) -> Tensor:
    hidden = F.gelu(_linear(p, f"{block}.fc1", tokens, f"{block}.norm2"))
    return _linear(p, f"{block}.fc2", hidden)


def _linear(p: Parameters, name: str, inputs: Tensor, norm: str | None = None) -> Tensor:
    """Apply layer ``name`` of every copy to ``inputs`` [fits, n, P, in]: [fits, n, P, out].

    Behind a LayerNorm ``norm`` the norm's scale and shift are folded into the layer's weights:
    W (s x + t) + b = (W s) x + (W t + b), a pass over the weights instead of one over the tokens.
    """
    weight, bias = p[f"{name}.weight"], p[f"{name}.bias"]
    if norm:
        inputs = F.layer_norm(inputs, inputs.shape[-1:], eps=EPSILON)
        bias = bias + torch.bmm(weight, p[f"{norm}.bias"][..., None])[..., 0]
        weight = weight * p[f"{norm}.weight"][:, None]
    outputs = torch.baddbmm(bias[:, None], inputs.flatten(1, 2), weight.transpose(1, 2))
    return outputs.view(*inputs.shape[:3], -1)


def forward_flop(tokens: int, width: int, depth: int) -> float:
    """Multiplications and additions of one clip's forward pass in matrix products."""
    own = 2.0 * tokens * width**2 * (4 + 2 * MLP_RATIO) + 4.0 * tokens**2 * width
    cross = 2.0 * tokens * 2 * width**2 + 4.0 * tokens * width
    return (depth - 1) * own + cross
