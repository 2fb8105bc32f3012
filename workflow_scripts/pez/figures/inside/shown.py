"""Whose insides a picture shows."""

from collections.abc import Mapping

from pez.figures.audit.sheet import Made


def shown(weights: Mapping[str, str], clips: str) -> Made:
    """What the sheet says of several models: each with its ``weights`` in words, on ``clips``."""
    (first, of_first), *others = weights.items()
    more = "".join(f"; {model}: {words}" for model, words in others)
    return Made(first, of_first + more, clips)
