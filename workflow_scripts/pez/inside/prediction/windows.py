"""Windows of the movies of a scene, each distinct one once.

Impossible movies are spliced from the frames of possible ones, so that the movies of a scene share
windows. What is computed once for a window is the same wherever the window stands: movies that show
the same tie exactly.
"""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from pez.inside.kinds.layer_prediction import WINDOW_FRAMES
from pez.runtime.errors import ConfigError


@dataclass(frozen=True)
class Windows:
    """Windows of some movies.

    Attributes:
        frames: the distinct ones, uint8 [n, 16, H, W, 3].
        of: which of these each window of each movie is, int64 [movies, windows], in order of time.
    """

    frames: NDArray[np.uint8]
    of: NDArray[np.int64]


def window_starts(frames: int, step: int, stride: int) -> list[int]:
    """First frames of windows, counted among every ``step``-th of a movie of ``frames`` frames.

    Raises:
        ConfigError: the movie is too short for one.
    """
    there = -(-frames // step)
    if there < WINDOW_FRAMES:
        raise ConfigError(
            f"inside: frame_step = {step} leaves {there} of the {frames} frames of a movie, and a "
            f"window has {WINDOW_FRAMES}: take a smaller step or longer movies."
        )
    return list(range(0, there - WINDOW_FRAMES + 1, stride))


def cut_windows(movies: NDArray[np.uint8], step: int, stride: int) -> Windows:
    """Cut the windows of ``movies`` [movies, T, H, W, 3].

    Raises:
        ConfigError: they are too short.
    """
    starts = window_starts(movies.shape[1], step, stride)
    taken = movies[:, ::step]
    known: dict[bytes, int] = {}
    distinct: list[NDArray[np.uint8]] = []
    of = np.empty((len(movies), len(starts)), np.int64)
    for movie, frames in enumerate(taken):
        for place, start in enumerate(starts):
            window = np.ascontiguousarray(frames[start : start + WINDOW_FRAMES])
            key = blake2b(window.data, digest_size=16).digest()
            if key not in known:
                known[key] = len(distinct)
                distinct.append(window)
            of[movie, place] = known[key]
    return Windows(np.stack(distinct), of)
