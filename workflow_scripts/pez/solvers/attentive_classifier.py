"""V-JEPA 2's attentive classifier, many copies with weights of their own computed side by side.

Self-attention blocks without positions of any kind, then one cross-attention block in which a
learned query reads all tokens, then a linear layer. The "depth" of the published classifier counts
the blocks of both kinds: 4 are three and one (facebookresearch/vjepa2, attentive_pooler.py).

Every parameter has a leading axis of copies ("fits"), so that a linear layer of all copies is one
batched matrix product.

One learned query leaves the last block little to do: keys and values are linear in the tokens, so
that their matrices may act on the query and on the average of the tokens instead. Of two products
of width x width a token remain two of width x heads. The parameters are those published.
"""

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

EPSILON = 1e-5  # of the LayerNorms; the encoder's have 1e-6
MLP_RATIO = 4
_STD = 0.02
_AFFINE = ("weight", "bias")  # scale and shift of a LayerNorm

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
    for block in range(_depth(parameters) - 1):
        tokens = _self_attention_block(parameters, str(block), tokens, heads)
    return read_out(parameters, standardised(tokens), heads)


def standardised(tokens: Tensor) -> Tensor:
    """LayerNorm of ``tokens`` [..., D] without scale and shift."""
    return F.layer_norm(tokens, tokens.shape[-1:], eps=EPSILON)


def read_out(parameters: Parameters, tokens: Tensor, heads: int) -> Tensor:
    """Logits [fits, n] of the last block and the output layer.

    The attention logits of a head are q (W_k x + b_k) = (q W_k) x + a constant, to which the
    softmax is blind. Its weights a add up to 1: sum a (W_v x + b_v) = W_v (sum a x) + b_v. The
    LayerNorm's scale and shift go the same way.

    Computed in float32 under autocast, too: there are no large products here, and a logit of
    bfloat16 has 256 values between 1 and 2, so that different clips would seem to tie.

    Args:
        parameters: of all copies.
        tokens: `standardised` input of the last block, [fits, n, P, D].
        heads: of the attention.
    """
    with torch.autocast(tokens.device.type, enabled=False):
        block = str(_depth(parameters) - 1)
        query = parameters["query"][:, None]
        pooled = query + _attended(parameters, block, query, tokens.float(), heads)
        scale, shift = (parameters[f"{block}.norm2.{name}"][:, None, None] for name in _AFFINE)
        hidden = _linear(parameters, f"{block}.fc1", standardised(pooled) * scale + shift)
        pooled = pooled + _linear(parameters, f"{block}.fc2", F.gelu(hidden))
        return _linear(parameters, "output", pooled)[:, :, 0, 0]


def _depth(parameters: Parameters) -> int:
    return sum(name.endswith("norm1.weight") for name in parameters)


def _self_attention_block(p: Parameters, block: str, tokens: Tensor, heads: int) -> Tensor:
    fits, clips, count, width = tokens.shape
    qkv = _linear(p, f"{block}.qkv", tokens, f"{block}.norm1")
    split = qkv.view(fits * clips, count, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    queries, keys, values = split.unbind()
    attended = F.scaled_dot_product_attention(queries, keys, values)
    joined = attended.transpose(1, 2).reshape(fits, clips, count, width)
    tokens = tokens + _linear(p, f"{block}.proj", joined)
    hidden = F.gelu(_linear(p, f"{block}.fc1", tokens, f"{block}.norm2"))
    return tokens + _linear(p, f"{block}.fc2", hidden)


def _attended(p: Parameters, block: str, query: Tensor, tokens: Tensor, heads: int) -> Tensor:
    """What ``query`` [fits, 1, 1, D] reads from standardised ``tokens``: [fits, n, 1, D]."""
    fits, clips, _, width = tokens.shape
    size = width // heads
    scale, shift = (p[f"{block}.norm1.{name}"][:, None, None] for name in _AFFINE)
    kv = p[f"{block}.kv.weight"].view(fits, 2, heads, size, width)
    to_keys, to_values = kv[:, 0].flatten(0, 1), kv[:, 1].flatten(0, 1)  # [fits heads, size, D]
    asked = _linear(p, f"{block}.q", query).view(fits * heads, 1, size)
    wanted = torch.bmm(asked, to_keys).view(fits, 1, heads, width) * scale / math.sqrt(size)
    wanted = wanted.expand(fits, clips, heads, width).flatten(0, 1)
    tokens = tokens.flatten(0, 1)
    weights = torch.bmm(wanted, tokens.transpose(1, 2)).softmax(dim=-1)  # [fits n, heads, P]
    means = torch.bmm(weights, tokens)
    means = (means.view(fits, clips, heads, width) * scale + shift).transpose(1, 2)
    means = means.reshape(fits * heads, clips, width)
    values = torch.bmm(means, to_values.transpose(1, 2)).view(fits, heads, clips, size)
    joined = values.transpose(1, 2).reshape(fits, clips, 1, width)
    return joined + p[f"{block}.kv.bias"][:, None, None, width:]


def _linear(p: Parameters, name: str, inputs: Tensor, norm: str | None = None) -> Tensor:
    """Apply layer ``name`` of every copy to ``inputs`` [fits, n, P, in]: [fits, n, P, out].

    Behind a LayerNorm ``norm`` the norm's scale and shift are folded into the layer's weights:
    W (s x + t) + b = (W s) x + (W t + b), a pass over the weights instead of one over the tokens.
    """
    weight, bias = p[f"{name}.weight"], p[f"{name}.bias"]
    if norm:
        inputs = standardised(inputs)
        bias = bias + torch.bmm(weight, p[f"{norm}.bias"][..., None])[..., 0]
        weight = weight * p[f"{norm}.weight"][:, None]
    outputs = torch.baddbmm(bias[:, None], inputs.flatten(1, 2), weight.transpose(1, 2))
    return outputs.view(*inputs.shape[:3], -1)


def forward_flop(tokens: int, width: int, depth: int, heads: int) -> float:
    """Multiplications and additions of one clip's forward pass in matrix products."""
    own = 2.0 * tokens * width**2 * (4 + 2 * MLP_RATIO) + 4.0 * tokens**2 * width
    cross = 4.0 * tokens * width * heads + 2.0 * width**2 * (1 + 2 * MLP_RATIO)
    return (depth - 1) * own + cross
