"""Whether an edit of direction at one state turns what is read at the last, said of one model."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from pez.emergence.facts import ModelFacts
from pez.inside.head_statistics import Interval
from pez.inside.judged import Answer, ModelVerdict, Number, number_of, said_of
from pez.inside.sequences.names import LENGTH, MEANS, NOTHING, PLANE, PROBES
from pez.inside.steering.effects import EDIT, RADIUS, TO_TARGET, TO_TRUTH, TOWARD
from pez.inside.steering.names import (
    CARRIED,
    EVERYWHERE,
    NO_STATE,
    NOWHERE,
    OTHER_CLIP,
    UNDER_BALL,
    Arm,
)
from pez.inside.steering.spoken import other_in_words
from pez.inside.wording import number, number_range, with_interval

_ZONE = 1 / 3  # of depth: where the paper has direction appear
_EDITS = {
    MEANS: "the difference of two directions' means",
    PLANE: "along the plane of the directions' means",
    PROBES: "orthogonal probes",
    LENGTH: "a random edit as long as that of the means",
    CARRIED: "that of the means added only where it is read, with no blocks between",
}


class Effects:
    """Rows of `pez.inside.steering.effects.effects` of one network, by what they are of."""

    def __init__(self, rows: pd.DataFrame) -> None:
        of = zip(*(rows[name] for name in (*EDIT, "metric")), strict=True)
        numbers = zip(rows["value"], rows["low"], rows["high"], strict=True)
        self._found = {key: Interval(*one) for key, one in zip(of, numbers, strict=True)}

    def at(self, arm: Arm, edited: int, state: int, metric: str) -> Interval:
        """One number with its interval."""
        return self._found[*arm, edited, state, metric]


def edited_in_zone(known: Mapping[str, Any], last: int) -> int:
    """The edited state that lies nearest to a third of the depth, of ``last`` blocks."""
    states: list[int] = known["edited"]
    return min(states, key=lambda state: abs(state / last - _ZONE))


def verdict_of(
    model: str,
    found: pd.DataFrame,
    untrained: list[pd.DataFrame],
    known: Mapping[str, Any],
    facts: ModelFacts,
) -> ModelVerdict:
    """Say whether what is read at the last state follows an edit in the zone.

    Args:
        model: its name.
        found: its effects.
        untrained: those of untrained networks, one entry a seed.
        known: what the table says beside its rows.
        facts: what is known of the model.
    """
    own, others = Effects(found), [Effects(one) for one in untrained]
    last = int(found["state"].max())
    near = edited_in_zone(known, last)
    answer, reason = _answer(own, near, last)
    return said_of(
        model,
        facts,
        question=(
            f"Does an edit of all tokens at state {near} turn the direction that is read at state "
            f"{last}: nearer to the target than to the clip's own?"
        ),
        answer=answer,
        reason=reason,
        statements=(
            *_by_edit(own, near, last),
            *_by_state(own, known["edited"], last),
            _under_ball(own, near, last),
            _ceiling(own, known, last),
            *_untrained(others, near, last),
        ),
        numbers=_numbers(own, known["edited"], last),
    )


def _answer(own: Effects, near: int, last: int) -> tuple[Answer, str]:
    """``yes`` if the means' edit turns what is read and a random one does not."""
    other = own.at(Arm(NOWHERE, OTHER_CLIP), NO_STATE, last, TOWARD)
    if other.low <= 0:
        return "undecided", "clips of the target direction themselves are not read as such there."
    means, length = (own.at(Arm(EVERYWHERE, edit), near, last, TOWARD) for edit in (MEANS, LENGTH))
    told = (
        f"by {_EDITS[MEANS]}, what is read is nearer to the target than to the clip's own "
        f"direction by {_nearer(means)} degrees; by {_EDITS[LENGTH]}, by {_nearer(length)}"
    )
    if means.low > 0 and length.high < 0:
        return "yes", f"{told}."
    if means.high < 0:
        return "no", f"{told}."
    return "undecided", f"{told}."


def _by_edit(own: Effects, near: int, last: int) -> Iterator[str]:
    for metric, words in ((TO_TARGET, "target"), (TO_TRUTH, "clip's own direction")):
        parts = [
            f"{words_of} {_told(own.at(Arm(EVERYWHERE, edit), near, last, metric))}"
            for edit, words_of in _EDITS.items()
        ]
        nothing = _told(own.at(Arm(NOWHERE, NOTHING), NO_STATE, last, metric))
        yield (
            f"Degrees to the {words} at state {last}, all tokens edited at state {near}: "
            f"{'; '.join(parts)}; no edit {nothing}."
        )
    lengths = [
        f"{number(own.at(Arm(EVERYWHERE, edit), near, last, RADIUS).value, '.2f')} ({edit})"
        for edit in (MEANS, PLANE, PROBES)
    ]
    plain = own.at(Arm(NOWHERE, NOTHING), NO_STATE, last, RADIUS).value
    yield (
        f"The pair (sine, cosine) read at state {last} has length {', '.join(lengths)}, and "
        f"{number(plain, '.2f')} without an edit."
    )


def _by_state(own: Effects, edited: list[int], last: int) -> Iterator[str]:
    """What is left of the means' edit by where it was made."""
    arm, parts = Arm(EVERYWHERE, MEANS), []
    for state in edited:
        here, there = (own.at(arm, state, one, TO_TARGET) for one in (state, last))
        parts.append(f"state {state}, read there {_told(here)}, at state {last} {_told(there)}")
    yield f"Degrees to the target by the means' edit at {'; at '.join(parts)}."


def _under_ball(own: Effects, near: int, last: int) -> str:
    means, length = (
        own.at(Arm(UNDER_BALL, edit), near, last, TO_TARGET) for edit in (MEANS, LENGTH)
    )
    return (
        f"Where only tokens under the ball are edited at state {near}, by the means of such "
        f"tokens, what is read at state {last} is {_told(means)} degrees from the target; by "
        f"random edits as long, {_told(length)}."
    )


def _ceiling(own: Effects, known: Mapping[str, Any], last: int) -> str:
    other = own.at(Arm(NOWHERE, OTHER_CLIP), NO_STATE, last, TO_TARGET)
    words = other_in_words(known["counterfactual"], known["apart_m"])
    return (
        f"{words} What is read of it at state {last} is {_told(other)} degrees from the target; no "
        "edit can be expected to do better."
    )


def _untrained(others: list[Effects], near: int, last: int) -> Iterator[str]:
    if not others:
        return
    parts = []
    for arm in (Arm(EVERYWHERE, MEANS), Arm(EVERYWHERE, LENGTH)):
        values = [one.at(arm, near, last, TO_TARGET).value for one in others]
        parts.append(f"{_EDITS[arm.edit]} {number_range(values, '.1f')}")
    ceiling = [one.at(Arm(NOWHERE, OTHER_CLIP), NO_STATE, last, TO_TARGET).value for one in others]
    yield (
        f"In untrained networks, degrees to the target at state {last}: {'; '.join(parts)}; the "
        f"other clip {number_range(ceiling, '.1f')}. Blocks add to the stream and leave what is in "
        "it, so that an edit reaches the last state without any use of it."
    )


def _numbers(own: Effects, edited: list[int], last: int) -> Iterator[Number]:
    for state in edited:
        for edit in (MEANS, PLANE, PROBES, LENGTH, CARRIED):
            found = own.at(Arm(EVERYWHERE, edit), state, last, TO_TARGET)
            yield number_of(f"to the target: {edit}, state {state} to {last}", found, "degrees")
        for edit in (MEANS, LENGTH):
            found = own.at(Arm(UNDER_BALL, edit), state, last, TO_TARGET)
            name = f"to the target: {edit} under the ball, state {state} to {last}"
            yield number_of(name, found, "degrees")
    for edit in (NOTHING, OTHER_CLIP):
        found = own.at(Arm(NOWHERE, edit), NO_STATE, last, TO_TARGET)
        yield number_of(f"to the target: {edit}, state {last}", found, "degrees")


def _told(found: Interval) -> str:
    return with_interval(found, ".1f")


def _nearer(found: Interval) -> str:
    return with_interval(found, ".1f", sign=True)
