"""Streams from contents: each written into directions of its own, over noise.

At state l a clip has the sum of its contents, times their amplitudes there, along orthonormal
directions that are the same at all states, plus noise of variance 1 in every direction. A state
keeps most of the noise of the one before, as a residual stream does.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pez.audit.planted.courses import amplitude, flat
from pez.audit.planted.design import ball_labels
from pez.audit.planted.planted import Network, Stack

WIDTH = 32
_KEPT = 0.9  # correlation of the noise of neighbouring states
_READABLE = 0.9  # of position and magnitude, at every state of every network
_UNTRAINED = (0.05, 0.15)  # of direction in an untrained network, the same at every state

Content = tuple[np.ndarray, np.ndarray]  # values [n, k], and their course [S]


def stream(random: np.random.Generator, contents: Sequence[Content]) -> np.ndarray:
    """Write ``contents`` into one stream, float32 [S, n, `WIDTH`]."""
    states, clips = len(contents[0][1]), len(contents[0][0])
    columns = sum(values.shape[1] for values, _ in contents)
    basis = np.linalg.qr(random.normal(size=(WIDTH, columns)))[0].T
    features = _noise(random, states, clips)
    first = 0
    for values, course in contents:
        rows = basis[first : first + values.shape[1]]
        features += amplitude(course)[:, None, None] * (values @ rows)
        first += values.shape[1]
    return features.astype(np.float32)


def _noise(random: np.random.Generator, states: int, clips: int) -> np.ndarray:
    noise = random.normal(size=(states, clips, WIDTH))
    for state in range(1, states):
        noise[state] = _KEPT * noise[state - 1] + np.sqrt(1 - _KEPT**2) * noise[state]
    return noise


def standardised(values: np.ndarray) -> np.ndarray:
    """Columns [n, k] of mean 0 and variance 1."""
    return (values - values.mean(axis=0)) / values.std(axis=0)


def ring(labels: pd.DataFrame) -> np.ndarray:
    """Direction as a point on a circle, variance 1 in both columns [n, 2]."""
    angle = labels["direction_rad"].to_numpy()
    return np.sqrt(2.0) * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def position(labels: pd.DataFrame) -> np.ndarray:
    """Start of the ball, standardised, [n, 2]."""
    return standardised(labels[["start_x_m", "start_y_m"]].to_numpy())


def magnitude(labels: pd.DataFrame) -> np.ndarray:
    """Speed or acceleration, whichever varies, standardised, [n, 1]."""
    sizes = labels[["speed_m_s", "acceleration_m_s2"]].to_numpy()
    return standardised(np.linalg.norm(sizes, axis=1, keepdims=True))


def balls(
    random: np.random.Generator,
    labels: pd.DataFrame,
    direction: np.ndarray,
    *,
    code: np.ndarray | None = None,
    of_magnitude: np.ndarray | None = None,
    of_position: np.ndarray | None = None,
) -> Stack:
    """Stream of ball clips.

    Args:
        random: draws directions and noise.
        labels: of the clips.
        direction: course of what codes direction, [S].
        code: what codes direction, [n, k]; None: a ring.
        of_magnitude: course of speed or acceleration; None: readable at every state.
        of_position: course of the start; None: readable at every state.
    """
    readable = flat(_READABLE, len(direction) - 1)
    contents = [
        (ring(labels) if code is None else code, direction),
        (magnitude(labels), readable if of_magnitude is None else of_magnitude),
        (position(labels), readable if of_position is None else of_position),
    ]
    return Stack(labels, stream(random, contents))


def untrained(random: np.random.Generator, blocks: int) -> Network:
    """Draw an untrained network: position and speed as in trained ones, direction hardly.

    What there is of direction is the same at every state, another amount in each network.
    """
    level = float(random.uniform(*_UNTRAINED))
    labels = ball_labels(random, "velocity")
    return {"velocity": balls(random, labels, flat(level, blocks))}


def movies(
    random: np.random.Generator, labels: pd.DataFrame, code: np.ndarray, course: np.ndarray
) -> Stack:
    """Stream of movies: what the movies of a scene share, at every state, and ``code`` [n, k]."""
    scenes = labels["scene"].to_numpy()
    shared = random.normal(size=(scenes.max() + 1, 4))[scenes]
    readable = flat(_READABLE, len(course) - 1)
    return Stack(labels, stream(random, [(code, course), (shared, readable)]))


def plausible_axis(labels: pd.DataFrame) -> np.ndarray:
    """Plausibility as an axis of its own: 1 for possible movies, -1 for impossible, [n, 1]."""
    return 2.0 * labels[["possible"]].to_numpy() - 1.0
