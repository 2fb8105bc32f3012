"""Whether temporal order becomes readable with depth, said of one model."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from pez.emergence.facts import ModelFacts
from pez.estimands.registry import Estimated
from pez.inside.head_statistics import Interval, interval
from pez.inside.judged import Answer, ModelVerdict, Number, number_of, said_of
from pez.inside.order.tasks import DIRECTION, PLACE
from pez.inside.tasks.course import ONSETS, Course, estimand_interval, onset_difference
from pez.inside.tasks.words import (
    ONSET_IN_WORDS,
    estimates_of,
    number_if_known,
    of_task,
    percent,
    points,
)
from pez.inside.wording import number

_ALPHA = 0.05
_DECIDES = "tubelets"
IN_WORDS = {
    "tubelets": "shuffled tubelets",
    "frames": "shuffled frames",
    "reversed": "the clip backwards",
    DIRECTION: "direction",
    PLACE: "sector of the start",
}
Courses = Mapping[str, Course]


def verdict_of(
    model: str,
    own: Courses,
    untrained: Sequence[Courses],
    unequal: float,
    facts: ModelFacts,
) -> ModelVerdict:
    """Say whether the order of tubelets becomes readable with depth, beyond untrained networks.

    Args:
        model: its name.
        own: courses of its tasks.
        untrained: those of untrained networks, one entry a seed.
        unequal: what the order of tubelets makes of state 0, in standard deviations of a feature.
        facts: what is known of the model.
    """
    numbers: list[Number] = []
    answer, reason = _answer(own[_DECIDES], [one[_DECIDES] for one in untrained], numbers)
    estimates = {task: course.estimates() for task, course in own.items()}
    statements = [
        _exact(own[_DECIDES], unequal),
        *(
            of_task(IN_WORDS[task], own[task], estimates[task], [one[task] for one in untrained])
            for task in own
        ),
        *_differences(estimates, numbers),
    ]
    if "reversed" in own:
        statements.append(
            "A ball at constant velocity filmed backwards is another clip of this kind: what tells "
            "the two apart is where balls start and end, no arrow of time."
        )
    for task, found in estimates.items():
        numbers += estimates_of(IN_WORDS[task], found)
    return said_of(
        model,
        facts,
        question=(
            "Does temporal order become readable with depth: are clips told from themselves with "
            "their tubelets shuffled, at some state better than at state 0, and by a larger rise "
            "than in untrained networks?"
        ),
        answer=answer,
        reason=reason,
        statements=statements,
        numbers=numbers,
    )


def _answer(own: Course, untrained: Sequence[Course], numbers: list[Number]) -> tuple[Answer, str]:
    rise, drawn = own.rise()
    found, p = interval(rise, drawn), own.p_rise()
    needed = own.floor * (1 - own.chance)
    numbers += [
        number_of("rise of accuracy from state 0, shuffled tubelets", found),
        Number(name="p of no state above state 0", value=p),
    ]
    told = (
        f"accuracy rises by {points(found)} points from state 0 to state "
        f"{own.accuracy.argmax()} (p {p:.3f})"
    )
    if not untrained:
        return "undecided", f"{told}; no untrained network stands beside it."
    beyond = []
    for seed in untrained:
        other, other_drawn = seed.rise()
        beyond.append(interval(rise - other, drawn - other_drawn))
    numbers += [number_of("that rise less an untrained network's", one) for one in beyond]
    told += f", by {', '.join(map(points, beyond))} more than in untrained networks"
    if p <= _ALPHA and found.low > 0 and all(one.low > 0 for one in beyond):
        return "yes", f"{told}."
    if found.high < needed:
        return "no", f"{told}; an onset needs {100 * needed:.0f}."
    if any(one.high <= 0 for one in beyond):
        return "no", f"{told}: no more than there."
    return "undecided", f"{told}."


def _exact(own: Course, unequal: float) -> str:
    return (
        "A mean over all tokens does not know their order, so that with shuffled tubelets the "
        f"score at state 0 is chance by construction; it is {percent(own.accuracy[0])} %. The "
        f"features of two versions differ there by {unequal:.1g} of their standard deviation at "
        "most."
    )


def _differences(estimates: Mapping[str, Estimated], numbers: list[Number]) -> Iterator[str]:
    """Onset of order less that of the tasks beside it."""
    for name in ONSETS:
        words = f"Onset by {ONSET_IN_WORDS[name]}: {IN_WORDS[_DECIDES]}"
        if np.isnan(estimand_interval(estimates[_DECIDES], name).value):
            yield f"{words} have none."
            continue
        parts = []
        for other in (task for task in estimates if task != _DECIDES):
            apart = onset_difference(estimates[_DECIDES], estimates[other], name)
            numbers += number_if_known(
                f"{name}: {IN_WORDS[_DECIDES]} less {IN_WORDS[other]}", apart, "states"
            )
            parts.append(f"{IN_WORDS[other]} {_apart(apart)}")
        yield f"{words} less {'; '.join(parts)} (states)."


def _apart(found: Interval) -> str:
    """Difference to an onset that may not exist, of the curve or in some draws."""
    if not np.isfinite(found.value):
        return "(which has none)"
    low, high = (
        number(one, ".0f", sign=True) if np.isfinite(one) else "open"
        for one in (found.low, found.high)
    )
    return f"{number(found.value, '.0f', sign=True)} [{low} to {high}]"
