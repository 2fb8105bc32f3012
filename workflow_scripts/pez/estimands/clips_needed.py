"""How many training clips a state needs until a variable is readable from it."""

from dataclasses import dataclass

import numpy as np

LEVEL = 0.8
AT_MOST, REACHED, MORE_THAN = -1, 0, 1


@dataclass(frozen=True)
class ClipsNeeded:
    """Smallest number of training clips at every state.

    Attributes:
        clips: float64 [..., S]: where censored, the smallest or largest number that was tried; NaN
            where a score is missing.
        censored: int8 [..., S]: `REACHED` between two numbers tried, `AT_MOST` already with the
            smallest, `MORE_THAN` not even with the largest.
    """

    clips: np.ndarray
    censored: np.ndarray


def clips_needed(scores: np.ndarray, sizes: np.ndarray, level: float = LEVEL) -> ClipsNeeded:
    """Interpolate in log n where the score first reaches ``level``.

    Args:
        scores: float64 [..., sizes, S].
        sizes: numbers of training clips, rising, [sizes].
        level: score to be reached.

    Raises:
        ValueError: ``sizes`` do not rise, or are not as many as there are scores.
    """
    logs = np.log(np.asarray(sizes, np.float64))
    if scores.shape[-2] != len(logs) or (np.diff(logs) <= 0).any():
        raise ValueError(f"sizes {list(sizes)} must rise, one for each of {scores.shape[-2]}.")
    reached = scores >= level
    place = reached.argmax(axis=-2)  # 0 where none reaches it, too
    before = np.maximum(place - 1, 0)
    high = np.take_along_axis(scores, place[..., None, :], axis=-2)[..., 0, :]
    low = np.take_along_axis(scores, before[..., None, :], axis=-2)[..., 0, :]
    climb = np.where(high > low, high - low, 1.0)
    share = np.where(place > 0, (level - low) / climb, 0.0)
    found = np.exp(logs[before] + share * (logs[place] - logs[before]))
    some = reached.any(axis=-2)
    known = np.isfinite(scores).all(axis=-2)
    clips = np.where(known, np.where(some, found, float(sizes[-1])), np.nan)
    censored = np.where(some, np.where(place == 0, AT_MOST, REACHED), MORE_THAN)
    return ClipsNeeded(clips, censored.astype(np.int8))
