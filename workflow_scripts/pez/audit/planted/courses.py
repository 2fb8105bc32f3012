"""How much of a variable the stream holds at every state: population R2, float64 [S]."""

import numpy as np

LOW, HIGH = 0.1, 0.9


def state_at(depth: float, blocks: int) -> int:
    """State at a share ``depth`` of ``blocks``."""
    return round(depth * blocks)


def flat(level: float, blocks: int) -> np.ndarray:
    """The same at every state."""
    return np.full(blocks + 1, level)


def stepping(at: int, blocks: int, low: float = LOW, high: float = HIGH) -> np.ndarray:
    """``low`` before the state ``at``, ``high`` from there on."""
    return np.where(np.arange(blocks + 1) < at, low, high)


def rising(first: int, last: int, blocks: int, low: float = LOW, high: float = HIGH) -> np.ndarray:
    """In a straight line from ``low`` at the state ``first`` to ``high`` at ``last``."""
    return np.interp(np.arange(blocks + 1), [first, last], [low, high])


def declining(course: np.ndarray, from_depth: float, to: float) -> np.ndarray:
    """``course``, but from a share of depth on in a straight line down to ``to``."""
    blocks = len(course) - 1
    begin = state_at(from_depth, blocks)
    late = np.linspace(course[begin], to, blocks + 1 - begin)
    return np.r_[course[:begin], late]


def amplitude(r2: np.ndarray) -> np.ndarray:
    """Size of a signal of variance 1 in noise of variance 1 from which ``r2`` of it is readable."""
    return np.sqrt(r2 / (1 - r2))
