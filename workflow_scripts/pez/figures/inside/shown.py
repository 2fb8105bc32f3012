"""Whose insides a picture shows."""

from collections.abc import Mapping

from pez.figures.audit.sheet import Made


def shown(weights: Mapping[str, str], clips: str) -> Made:
    """What the sheet says of several models: each with its ``weights`` in words, on ``clips``."""
    (first, of_first), *others = weights.items()
    more = "".join(f"; {model}: {words}" for model, words in others)
    return Made(first, of_first + more, clips)


def few_ticks(count: int) -> range:
    """At most five of the numbers 0 .. ``count`` - 1, evenly apart from 0 on."""
    return range(0, count, -(-count // 5))
