"""Who is spliced from whom: matched pairs of a scene and the frame at which they part.

The impossible movies are the possible ones up to a frame and each other's from there. So every
impossible movie shares its beginning with one possible movie; in the scenes of the release in which
the impossible passes behind a screen, the first frame that differs may come after the splice.
"""

from collections.abc import Sequence
from itertools import permutations
from typing import NamedTuple

Hashes = Sequence[bytes]  # of the frames of a movie


class Pair(NamedTuple):
    """Places of a possible and an impossible movie in the scene, and where they first differ."""

    possible: int
    impossible: int
    breakpoint: int | None  # None: the two movies are identical


def matched_pairs(movies: Sequence[Hashes], possible: Sequence[bool]) -> list[Pair]:
    """Pair the two possible and two impossible movies of a scene by longest common beginnings.

    Of the two ways to pair them, the one with the longer beginnings in sum; of equals the first.
    """
    real = [index for index, label in enumerate(possible) if label]
    unreal = [index for index, label in enumerate(possible) if not label]

    def common(pairing: Sequence[int]) -> int:
        pairs = zip(real, pairing, strict=True)
        return sum(_common_beginning(movies[one], movies[other]) for one, other in pairs)

    best = max(permutations(unreal), key=common)  # max keeps the first of equals
    pairs = []
    for one, other in zip(real, best, strict=True):
        shared = _common_beginning(movies[one], movies[other])
        same = shared == len(movies[one]) == len(movies[other])
        pairs.append(Pair(one, other, None if same else shared))
    return pairs


def _common_beginning(one: Hashes, other: Hashes) -> int:
    """Number of frames, from the first, in which two movies are the same."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
