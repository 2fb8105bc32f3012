"""Parameter names of the two published layouts, translated to those of the encoder module.

Meta's training code saves ``module.backbone.blocks.0.attn.qkv.weight`` and the like; Hugging Face
saves ``encoder.layer.0.attention.query.weight`` beside the predictor. Both become
``layer.0.attention.query.weight``. Names that neither layout has are passed on unchanged, so that
the strict comparison in `pez.encoders.match` reports them.
"""

import re
from collections.abc import Iterable, Mapping

from torch import Tensor

# Order of the rows of Meta's fused projection.
_FUSED = ("query", "key", "value")

_META_NAMES = (
    (re.compile(r"^blocks\.(\d+)\.attn\.proj\."), r"layer.\1.attention.proj."),
    (re.compile(r"^blocks\.(\d+)\."), r"layer.\1."),
    (re.compile(r"^patch_embed\.proj\."), "embeddings.patch_embeddings.proj."),
    (re.compile(r"^norm\."), "layernorm."),
)
_META_FUSED = re.compile(r"^blocks\.(\d+)\.attn\.qkv\.(weight|bias)$")

# Left over from encoders with absolute positions: the rotary encoders carry it and never read it.
_META_STALE = "pos_embed"


def from_meta(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Translate the state dict of one of Meta's encoders to the names of the encoder module."""
    translated: dict[str, Tensor] = {}
    for full_name, tensor in state.items():
        name = full_name.removeprefix("module.").removeprefix("backbone.")
        if name == _META_STALE:
            continue
        fused = _META_FUSED.match(name)
        if fused:
            block, kind = fused.groups()
            for part, rows in zip(_FUSED, tensor.chunk(len(_FUSED)), strict=False):
                translated[f"layer.{block}.attention.{part}.{kind}"] = rows
            continue
        for pattern, replacement in _META_NAMES:
            name, replaced = pattern.subn(replacement, name)
            if replaced:
                break
        translated[name] = tensor
    return translated


def from_hugging_face(names: Iterable[str]) -> dict[str, str]:
    """Map names of a Hugging Face V-JEPA 2 file to names of the encoder module.

    The file may hold the whole model (``encoder.*`` and ``predictor.*``) or the encoder alone. The
    predictor is left out: no residual stream passes through it.
    """
    return {
        name: name.removeprefix("encoder.") for name in names if not name.startswith("predictor.")
    }
