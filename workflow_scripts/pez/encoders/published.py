"""The published V-JEPA 2 encoders, by which a file of unknown origin is recognised.

Sizes from facebookresearch/vjepa2, ``src/models/vision_transformer.py`` (factories ``vit_large``,
``vit_huge`` and ``vit_giant_xformers``).
"""

from collections.abc import Mapping

# Name for messages -> (blocks, hidden size).
PUBLISHED: dict[str, tuple[int, int]] = {
    "V-JEPA 2 Large (vitl.pt)": (24, 1024),
    "V-JEPA 2 Huge (vith.pt)": (32, 1280),
    "V-JEPA 2 Giant (vitg.pt or vitg-384.pt)": (40, 1408),
}


def recognise(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """Say which published encoder tensors of these ``shapes`` (names of the module) belong to."""
    blocks = {name.split(".")[1] for name in shapes if name.startswith("layer.")}
    embedding = shapes.get("embeddings.patch_embeddings.proj.weight", ())
    if not blocks or not embedding:
        return "It does not look like a V-JEPA 2 encoder at all."
    found = (len(blocks), embedding[0])
    for name, size in PUBLISHED.items():
        if size == found:
            return f"It looks like {name}: {found[0]} blocks of width {found[1]}."
    return f"It holds {found[0]} blocks of width {found[1]}, which no published V-JEPA 2 has."
