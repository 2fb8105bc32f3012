"""Sentences about the course of a task."""

from collections.abc import Iterator, Sequence

import numpy as np

from pez.estimands.registry import Estimated
from pez.inside.head_statistics import Interval
from pez.inside.judged import Number
from pez.inside.tasks.course import (
    ESTIMANDS,
    ONSETS,
    SHARPNESS,
    Course,
    accuracy_interval,
    estimand_interval,
)
from pez.inside.wording import number_range, with_interval

ONSET_IN_WORDS = {"half_rise": "half rise", "step": "step"}


def of_task(words: str, course: Course, found: Estimated, untrained: Sequence[Course]) -> str:
    """What is read of a task, called ``words``, at first and at most, and when it rises.

    Args:
        words: its name.
        course: in the model.
        found: its estimates.
        untrained: courses in untrained networks.
    """
    peak = int(course.accuracy.argmax())
    first, best = (in_percent(accuracy_interval(course, state)) for state in (0, peak))
    text = (
        f"{words[:1].upper()}{words[1:]} (chance {percent(course.chance)} %): {first} % at state "
        f"0, at most {best} % at state {peak}"
    )
    if untrained:
        others = [100 * one.accuracy.max() for one in untrained]
        text += f" (untrained {number_range(others, '.0f')} %)"
    parts = []
    for name in ONSETS:
        onset = estimand_interval(found, name)
        known = with_interval(onset, ".1f") if np.isfinite(onset.value) else "none"
        parts.append(f"{ONSET_IN_WORDS[name]} {known}")
    sharp = estimand_interval(found, SHARPNESS)
    if np.isfinite(sharp.value):
        parts.append(f"sharpness {with_interval(sharp, '.2f')}")
    return f"{text}; {', '.join(parts)}."


def estimates_of(words: str, found: Estimated) -> Iterator[Number]:
    """Numbers of the estimates of a task called ``words``."""
    for name, unit in zip(ESTIMANDS, ("states", "states", "share"), strict=True):
        yield from number_if_known(f"{name}: {words}", estimand_interval(found, name), unit)


def number_if_known(name: str, found: Interval, unit: str) -> list[Number]:
    """A number whose interval may be open; none where it does not exist."""
    if not np.isfinite(found.value):
        return []
    low, high = (float(one) if np.isfinite(one) else None for one in (found.low, found.high))
    return [Number(name=name, value=found.value, low=low, high=high, unit=unit)]


def percent(share: float) -> str:
    """A share in percent."""
    return f"{100 * share:.1f}"


def in_percent(found: Interval) -> str:
    """A share with its interval, in percent."""
    return with_interval(Interval(*(100 * one for one in found)), ".0f")


def points(found: Interval) -> str:
    """A difference of shares with its interval, in points."""
    return with_interval(Interval(*(100 * one for one in found)), ".0f", sign=True)
