"""Numbers and blocks in words, for verdicts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pez.inside.head_statistics import Interval

_MINUS = "\N{MINUS SIGN}"


def number(value: float | np.floating | NDArray[np.float64], form: str, sign: bool = False) -> str:
    """``value``, a single one, in the format ``form``, with a plus if ``sign`` asks for it."""
    text = format(float(value), f"+{form}" if sign else form)
    if float(text) == 0:  # never a minus before nothing
        text = format(0.0, form)
    return text.replace("-", _MINUS)


def with_interval(found: Interval, form: str, sign: bool = False) -> str:
    """A value and, in brackets, its interval."""
    value, low, high = (number(one, form, sign) for one in found)
    return f"{value} [{low} to {high}]"


def number_range(values: Sequence[float] | np.ndarray, form: str, sign: bool = False) -> str:
    """The least and the largest of ``values``."""
    low, high = (number(end, form, sign) for end in (np.min(values), np.max(values)))
    return low if low == high else f"{low} to {high}"


def blocks_in_words(blocks: Sequence[int] | np.ndarray) -> str:
    """Numbers of blocks that follow one another."""
    if len(blocks) == 0:
        return "none"
    first, last = int(blocks[0]), int(blocks[-1])
    return f"block {first}" if first == last else f"blocks {first} to {last}"
