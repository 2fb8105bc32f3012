"""Weights of the module, written under the names of published files."""

import torch
from torch import Tensor


def to_original(weights: dict[str, Tensor], prefix: str = "") -> dict[str, Tensor]:
    """The names of Meta's and of VideoMAE's code: fused qkv, timm's words."""
    state: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        name = name.replace("layer.", "blocks.").replace("layernorm.", "norm.")
        name = name.replace("embeddings.patch_embeddings.", "patch_embed.")
        name = name.replace("embeddings.picture_embeddings.", "patch_embed_img.")
        name = name.replace("attention.", "attn.")
        if ".query.weight" in name or (".query.bias" in name and _has_key_bias(weights)):
            parts = [_part(weights, name, part) for part in ("query", "key", "value")]
            state[name.replace("query", "qkv")] = torch.cat(parts)
        elif ".query.bias" in name or (".value.bias" in name and not _has_key_bias(weights)):
            state[name.replace("query.bias", "q_bias").replace("value.bias", "v_bias")] = tensor
        elif not any(f".{part}." in name for part in ("key", "value")):
            state[name] = tensor
    return {prefix + name: tensor for name, tensor in state.items()}


def _has_key_bias(weights: dict[str, Tensor]) -> bool:
    return "layer.0.attention.key.bias" in weights


def _part(weights: dict[str, Tensor], name: str, part: str) -> Tensor:
    block, kind = name.split(".")[1], name.split(".")[-1]
    return weights[f"layer.{block}.attention.{part}.{kind}"]
