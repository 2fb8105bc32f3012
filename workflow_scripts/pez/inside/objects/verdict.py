"""Whether single objects' velocities are read, said of one model from its scores."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from pez.emergence.facts import ModelFacts
from pez.estimands.intervals import Band, simultaneous_band
from pez.inside.head_statistics import Interval, interval
from pez.inside.judged import Answer, ModelVerdict, Number, number_of, said_of
from pez.inside.objects.scores import (
    BEYOND,
    BEYOND_PLACE,
    DIFFERENCE,
    ESTIMANDS,
    PARTS,
    PLACE,
    SCENE,
    AllScores,
    Scores,
)
from pez.inside.objects.targets import ALL, DIRECTION, OTHER, OWN, UNDER, VELOCITY
from pez.inside.wording import number, number_range, with_interval

BOUND = 0.05  # of R2; what is below it in every state is called no gain
_CLAIMS = (DIFFERENCE, BEYOND)  # own less another's, and own beyond the scene's motion
_FROM_UNDER = "From the tokens under the object: "
_AGAINST = {
    DIFFERENCE: "another object's",
    BEYOND: "the scene's motion",
    BEYOND_PLACE: "where the object was",
}


def verdict_of(
    model: str,
    scores: AllScores,
    untrained: Sequence[AllScores],
    facts: ModelFacts,
) -> ModelVerdict:
    """Say whether an object's velocity is read beyond another's and beyond the scene's motion.

    Args:
        model: its name.
        scores: of it.
        untrained: the same of untrained networks.
        facts: what is known of the model.
    """
    whole = scores[ALL]
    own, others = whole[VELOCITY], [one[ALL][VELOCITY] for one in untrained]
    answer, reason = _answer(own, others)
    statements = [*_levels(whole), *_by_part(own), *_beside(own, others)]
    if UNDER in scores:
        own, others = (
            scores[UNDER][VELOCITY], [one[UNDER][VELOCITY] for one in untrained if UNDER in one]
        )  # fmt: skip
        there = [*_levels(scores[UNDER]), *_beside(own, others)]
        statements += [f"{_FROM_UNDER}{line[0].lower()}{line[1:]}" for line in there]
    return said_of(
        model,
        facts,
        question=(
            "Is an object's velocity read from the mean over all tokens beyond that of another "
            "object of the clip, and beyond what the motion of the whole scene tells of it?"
        ),
        answer=answer,
        reason=reason,
        statements=statements,
        numbers=_numbers(scores),
    )


def _answer(own: Scores, others: Sequence[Scores]) -> tuple[Answer, str]:
    """Say ``yes`` if in some state the own score and both gains lie above 0 (by bands over all
    states) and the gains above all that untrained networks reach in any; ``no`` if in every state
    the band of a gain ends below `BOUND`."""
    bands = {claim: _band(own.mean(claim)) for claim in _CLAIMS}
    most = {
        claim: max((float(one.mean(claim)[0].max()) for one in others), default=np.inf)
        for claim in _CLAIMS
    }
    lows = [_band(own.mean(OWN)).low, *(band.low for band in bands.values())]
    above = np.all(np.array(lows) > 0, axis=0)
    trained = np.all([own.mean(claim)[0] > most[claim] for claim in _CLAIMS], axis=0)
    if (above & trained).any():
        gain = np.where(above & trained, own.mean(DIFFERENCE)[0], -np.inf)
        state = int(gain.argmax())
        told = " and ".join(
            f"{number(own.mean(claim)[0, state], '.2f', sign=True)} beyond {_AGAINST[claim]}"
            for claim in _CLAIMS
        )
        return "yes", f"at state {state}, R2 {told}, more than in any untrained network."
    small = np.any([bands[claim].high < BOUND for claim in _CLAIMS], axis=0)
    if small.all():
        return "no", f"in every state one of the two gains is less than {BOUND:g} of R2."
    if not others:
        return "undecided", "no untrained network stands beside it."
    if above.any():
        return "undecided", "gains above 0 are no larger than an untrained network's."
    return "undecided", "in no state do the bands of the score and of both gains lie above 0."


def _band(mean: np.ndarray) -> Band:
    return simultaneous_band(mean[0], mean[1:])


def _at(mean: np.ndarray, state: int) -> Interval:
    return interval(mean[0, state], mean[1:, state])


def _levels(scores: Mapping[str, Scores]) -> Iterator[str]:
    for target in (VELOCITY, DIRECTION):
        if target not in scores:
            yield "Direction: in too few clips a kind moves, or another object beside it."
            continue
        found = scores[target]
        state = int(found.mean(OWN)[0].argmax())
        told = {one: with_interval(_at(found.mean(one), state), ".2f") for one in ESTIMANDS}
        yield (
            f"{target.capitalize()}, mean of {len(found.kinds)} kinds, is read best at state "
            f"{state}: R2 {told[OWN]}; another object's {told[OTHER]}; difference "
            f"{told[DIFFERENCE]}."
        )
        yield (
            f"There the scene's motion alone gives R2 {told[SCENE]}; features add {told[BEYOND]} "
            f"to it ({target})."
        )
        yield (
            f"Where the object was, without when, gives R2 {told[PLACE]}; features add "
            f"{told[BEYOND_PLACE]} to it ({target})."
        )


def _by_part(own: Scores) -> Iterator[str]:
    """Means by material and by shape, which are parts of a kind's name."""
    state = int(own.mean(OWN)[0].argmax())
    for part in PARTS:
        told = [
            f"{name} {with_interval(_at(mean, state), '.2f')}"
            for name, mean in own.means_by(part, OWN).items()
        ]
        yield f"By {part}, own velocity at state {state}: {', '.join(told)}."


def _beside(own: Scores, others: Sequence[Scores]) -> Iterator[str]:
    if not others:
        return
    for claim in _AGAINST:
        most = [float(one.mean(claim)[0].max()) for one in others]
        yield (
            f"Largest gain beyond {_AGAINST[claim]} in any state: "
            f"{number(own.mean(claim)[0].max(), '.2f', sign=True)}; in untrained networks "
            f"{number_range(most, '.2f', sign=True)}."
        )


def _numbers(scores: AllScores) -> Iterator[Number]:
    for tokens, by_target in scores.items():
        where = ", tokens under the object" if tokens == UNDER else ""
        for target, found in by_target.items():
            state = int(found.mean(OWN)[0].argmax())
            for estimand in ESTIMANDS:
                name = f"{target}{where}: {estimand} at state {state}"
                yield number_of(name, _at(found.mean(estimand), state), "R2")
