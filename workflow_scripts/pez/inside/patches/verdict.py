"""Whether direction is read away from the ball, and from one half of the frame for the other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pez.emergence.facts import ModelFacts
from pez.inside.depth import blocks_within
from pez.inside.head_statistics import PEZ_DEPTH, Interval, interval
from pez.inside.judged import Answer, ModelVerdict, Number, number_of, said_of
from pez.inside.patches.arrays import Array
from pez.inside.wording import number, number_range, with_interval

Scores = Array  # [1 + B, S]: the value, then its draws


@dataclass(frozen=True)
class Rival:
    """What a score is held against.

    Attributes:
        words: what it is.
        scores: [1 + B, S], or [1 + B, 1] of what has no depth.
        untrained: whether it is that of an untrained network.
    """

    words: str
    scores: Scores
    untrained: bool = False

    def at(self, state: int) -> Array:
        """Its value and draws at ``state``, [1 + B]."""
        return np.asarray(self.scores[:, min(state, self.scores.shape[1] - 1)])


def asked_state(states: int) -> int | None:
    """The last residual state within `PEZ_DEPTH`; None where the network has none there."""
    inside = blocks_within(PEZ_DEPTH, states - 1)
    return inside[-1] + 1 if inside else None


def told(scores: Array) -> Interval:
    """Value and interval of scores [1 + B]."""
    return interval(scores[0], scores[1:])


def decide(score: Array, rivals: Sequence[Rival], state: int) -> tuple[Answer, Interval]:
    """Answer by the interval of a score [1 + B], and of what it has beyond the best rival's.

    ``yes`` if both lie above 0, ``no`` if either lies at or below 0, else ``undecided``; without an
    untrained network ``undecided``.

    Returns:
        The answer; and the score less the largest of the rivals', in every draw.
    """
    best = np.max([rival.at(state) for rival in rivals], axis=0) if rivals else 0 * score
    beyond = told(score - best)
    own = told(score)
    if not any(rival.untrained for rival in rivals):
        return "undecided", beyond
    if own.low > 0 and beyond.low > 0:
        return "yes", beyond
    if own.high <= 0 or beyond.high <= 0:
        return "no", beyond
    return "undecided", beyond


def spread_verdict(
    model: str,
    facts: ModelFacts,
    far: float,
    scores: Mapping[str, Scores],
    rivals: Sequence[Rival],
) -> ModelVerdict:
    """Say whether direction is read away from the ball.

    Args:
        model: its name.
        facts: what is known of it.
        far: distance that counts as away, patches.
        scores: of the model by what they are: ``far``, and those of `_COURSES`.
        rivals: for ``far``: own pixels, own track, untrained networks.
    """
    away = scores["far"]
    states = away.shape[1]
    state = asked_state(states)
    place = state if state is not None else states - 1
    answer, beyond = decide(away[:, place], rivals, place)
    own = told(away[:, place])
    against = "; ".join(
        f"{rival.words} {with_interval(told(rival.at(place)), '.2f')}" for rival in rivals
    )
    reason = (
        f"at state {place} it is {with_interval(own, '.2f')}, against {against}; beyond the best "
        f"of these {with_interval(beyond, '.2f', sign=True)}."
    )
    if state is None:
        answer, reason = "undecided", "no state of so shallow a network lies there."
    elif not any(rival.untrained for rival in rivals):
        reason += " No untrained network stands beside it."
    above = [one for one in range(states) if decide(away[:, one], rivals, one)[0] == "yes"]
    best = int(np.nanargmax(away[0]))
    statements = [
        f"It is {number(away[0, 0], '.2f')} at state 0, largest at state {best} "
        f"({with_interval(told(away[:, best]), '.2f')}), and "
        f"{with_interval(told(away[:, -1]), '.2f')} at the last. Above 0 and above all of these "
        f"with their intervals: {_states(above)}.",
        *(_course(words, scores[name], place) for name, words in _COURSES.items()),
    ]
    numbers = [
        number_of(f"R2 away from the ball, state {place}", own),
        number_of("the same beyond the best of what it is held against", beyond),
        *(number_of(f"the same, {rival.words}", told(rival.at(place))) for rival in rivals),
        *(
            number_of(f"{words}, state {place}", told(scores[name][:, place]))
            for name, words in _COURSES.items()
        ),
    ]
    low, high = PEZ_DEPTH
    return said_of(
        model,
        facts,
        question=(
            f"Is direction readable away from the ball at {high:g} of depth (R2 of probes of "
            f"single patches that the ball stays {far:g} patches away from or more, by the last "
            f"state within {low:g} to {high:g})?"
        ),
        answer=answer,
        reason=reason,
        statements=statements,
        numbers=numbers,
    )


_COURSES = {
    "patch_mean": "R2 by patch, mean over patches",
    "patch_median": "R2 by patch, median",
    "patch_share": "share of patches with R2 above .5",
    "pooled": "R2 from all tokens",
    "with_visits": "correlation of R2, over patches, with how often the ball was there",
}


def _course(words: str, scores: Scores, state: int) -> str:
    best = int(np.nanargmax(scores[0]))
    first, highest, last = (number(scores[0, one], ".2f") for one in (0, best, -1))
    return (
        f"{words[:1].upper()}{words[1:]}: {first} at state 0, "
        f"{with_interval(told(scores[:, state]), '.2f')} at state {state}, highest {highest} at "
        f"state {best}, and {last} at the last."
    )


@dataclass(frozen=True)
class Halves:
    """Scores of one kind of halves, means over the pairs, [1 + B, S] each.

    Attributes:
        words: which halves, to follow "between".
        within: of probes asked about other clips of their own half: the ceiling.
        across: about the opposite half.
        recentred: the same, its features brought to their mean and scale.
        pairs: `across` by pair.
    """

    words: str
    within: Scores
    across: Scores
    recentred: Scores
    pairs: Mapping[str, Scores]


def transfer_verdict(
    model: str, facts: ModelFacts, halves: Halves, untrained: Sequence[Halves]
) -> ModelVerdict:
    """Say whether a probe of one half reads the other."""
    states = halves.across.shape[1]
    state = asked_state(states)
    place = state if state is not None else states - 1
    rivals = [Rival("an untrained network", one.across, untrained=True) for one in untrained]
    across, ceiling = halves.across[:, place], told(halves.within[:, place])
    answer, beyond = decide(across, rivals, place)
    reason = (
        f"at state {place} R2 is {with_interval(told(across), '.2f')}, where a probe of the same "
        f"half reaches {with_interval(ceiling, '.2f')}"
    )
    if rivals:
        others = [float(rival.at(place)[0]) for rival in rivals]
        reason += (
            f"; in untrained networks {number_range(others, '.2f')}, a difference of "
            f"{with_interval(beyond, '.2f', sign=True)}."
        )
    else:
        reason += "; no untrained network stands beside it."
    if state is None:
        answer, reason = "undecided", "no state of so shallow a network lies there."
    elif not ceiling.low > 0:
        answer, reason = "undecided", f"within a half there is nothing to transfer: {reason}"
    numbers: list[Number] = [
        number_of(f"R2 across, state {place}", told(across)),
        number_of("within", ceiling),
        number_of("across, recentred", told(halves.recentred[:, place])),
        number_of("across less the best untrained network's", beyond),
        number_of("across less within", told(across - halves.within[:, place])),
        *(number_of(pair, told(one[:, place])) for pair, one in halves.pairs.items()),
    ]
    return said_of(
        model,
        facts,
        question=(
            f"Does a probe of direction transfer between {halves.words} at {PEZ_DEPTH[1]:g} of "
            "depth, and better than in untrained networks?"
        ),
        answer=answer,
        reason=reason,
        statements=_about(halves, untrained, place),
        numbers=numbers,
    )


def _about(halves: Halves, untrained: Sequence[Halves], place: int) -> Iterator[str]:
    each = ", ".join(f"{pair} {number(one[0, place], '.2f')}" for pair, one in halves.pairs.items())
    yield f"By pair, at state {place}: {each}."
    recentred = told(halves.recentred[:, place])
    yield (
        "With the other half's features brought to their mean and scale: "
        f"{with_interval(recentred, '.2f')}; less the probe of the same half: "
        f"{with_interval(told((halves.recentred - halves.within)[:, place]), '.2f', sign=True)}."
    )
    best = int(np.nanargmax(halves.across[0]))
    for words, one in (("State 0", 0), (f"Largest, at state {best}", best), ("Last state", -1)):
        yield f"{words}: {_beside(halves, one)}."
    for other in untrained:
        yield (
            f"Untrained, at state {place}: {_beside(other, place)}, recentred "
            f"{number(other.recentred[0, place], '.2f')}."
        )


def _beside(halves: Halves, state: int) -> str:
    across, within = (number(one[0, state], ".2f") for one in (halves.across, halves.within))
    return f"{across}, within {within}"


def _states(numbers: Sequence[int]) -> str:
    """States in words."""
    if not numbers:
        return "no state"
    return ("state " if len(numbers) == 1 else "states ") + ", ".join(map(str, numbers))
