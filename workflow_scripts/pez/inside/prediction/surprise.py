"""Surprise of the movies of a scene, from the errors of every token of their windows."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from pez.encoders.patches import patchify
from pez.inside.prediction.losses import Key
from pez.inside.prediction.names import ALL, DIFFERING
from pez.inside.prediction.windows import Windows

_SAME_PIXELS = 1e-3  # a level of a frame is .017 once it is normalised

Errors = Mapping[Key, NDArray[np.float32]]  # of distinct windows, [n, tokens after the context]


def partners(pairs: Sequence[int]) -> list[int]:
    """Place of the other movie of every movie's pair, of movies that name their pair."""
    return [
        next(place for place, pair in enumerate(pairs) if pair == own and place != movie)
        for movie, own in enumerate(pairs)
    ]


def differing(
    windows: Windows, others: Sequence[int], pixels: Tensor, patch: int
) -> NDArray[np.bool_]:
    """Tokens whose pixels differ from those of the other movie of the pair at the same moment.

    Args:
        windows: of the movies.
        others: see `partners`.
        pixels: of the distinct windows as the encoder sees them, [n, T, 3, side, side].
        patch: side of a patch, pixels.

    Returns:
        [movies, windows, tokens].
    """
    tokens = patchify(pixels, patch)
    found = [
        ((tokens[own] - tokens[other]).abs() > _SAME_PIXELS).any(dim=-1)
        for movie, partner in enumerate(others)
        for own, other in zip(windows.of[movie], windows.of[partner], strict=True)
    ]
    flat = np.stack([one.cpu().numpy() for one in found])
    return flat.reshape(*windows.of.shape, -1)


def movie_surprise(
    errors: Errors, windows: Windows, differ: NDArray[np.bool_]
) -> Iterator[tuple[Key, str, NDArray[np.float64]]]:
    """Mean error of every movie over its windows and their tokens.

    Over `DIFFERING` tokens it is 0 where movies differ in none after the context.

    Args:
        errors: of the distinct windows.
        windows: of the movies.
        differ: see `differing`.

    Yields:
        Whose errors, over which tokens, and surprise, float64 [movies].
    """
    for key, found in errors.items():
        of_movies = found[windows.of].astype(np.float64)
        yield key, ALL, of_movies.mean(axis=2).mean(axis=1)
        counted = differ[:, :, -found.shape[1] :]
        count = counted.sum(axis=(1, 2))
        total = (of_movies * counted).sum(axis=(1, 2))
        yield key, DIFFERING, total / np.maximum(count, 1)
