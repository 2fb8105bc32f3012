"""Whether predictors in the middle of a network are surprised most rightly, said of one model."""

from collections.abc import Iterator, Sequence

import numpy as np

from pez.emergence.facts import ModelFacts
from pez.inside.head_statistics import Interval, interval
from pez.inside.judged import Answer, ModelVerdict, number_of, said_of
from pez.inside.kinds.layer_prediction import is_middle
from pez.inside.prediction.accuracy import (
    CHANCE,
    PAIRWISE,
    RELATIVE,
    SURPRISE,
    Array,
    Cell,
    Scores,
)
from pez.inside.prediction.names import ALL, DIFFERING, LAST, MEAN, NO_CHANGE, SAME, TRAINED
from pez.inside.wording import number, number_range, with_interval

_IN_WORDS = {
    TRAINED: "trained predictors",
    NO_CHANGE: "the last tubelet repeated",
    MEAN: "the mean target",
}


def verdict_of(
    model: str, own: Scores, untrained: Sequence[Scores], blocks: int, facts: ModelFacts
) -> ModelVerdict:
    """Say whether pairs are told apart better in the middle third than at either end.

    Args:
        model: its name.
        own: its scores.
        untrained: those of untrained networks, one entry a seed.
        blocks: of the network.
        facts: what is known of the model.
    """
    margins = _margins(own, untrained, blocks)
    answer, reason = _answer(margins, bool(untrained), _too_little_trained(own, blocks))
    statements = [
        *_curves(own, PAIRWISE, "Matched pairs"),
        *_curves(own, RELATIVE, "Scenes"),
        *_beside(own, untrained, blocks),
        *_losses(own),
    ]
    numbers = [number_of(f"matched pairs, middle third: {name}", one) for name, one in margins]
    return said_of(
        model,
        facts,
        question=(
            "Are matched pairs told apart by surprise at the same state better in the middle third "
            "of the network than at state 0 and at the last, better than with nothing changing, "
            "and better than in untrained networks (means over contexts)?"
        ),
        answer=answer,
        reason=reason,
        statements=statements,
        numbers=numbers,
    )


def _answer(
    margins: Sequence[tuple[str, Interval]], has_untrained: bool, behind: Sequence[int]
) -> tuple[Answer, str]:
    """Say ``yes`` if every margin's interval lies above 0, ``no`` if one lies at or below it.

    There is no ``no`` by predictors of states ``behind``, which are too little trained.
    """
    told = "; ".join(f"{_points(one)} points {name}" for name, one in margins)
    told = f"the middle third's accuracy is {told}"
    below = [name for name, one in margins if one.high <= 0]
    if below and behind:
        states = ", ".join(map(str, behind))
        return "undecided", (
            f"{told}. But at state {states} predictors err more than if nothing changed: too "
            "little trained for a no."
        )
    if below:
        return "no", f"{told}. It is not {below[0]}."
    if not has_untrained:
        return "undecided", f"{told}; no untrained network stands beside it."
    if all(one.low > 0 for _, one in margins):
        return "yes", f"{told}."
    return "undecided", f"{told}."


def _margins(own: Scores, untrained: Sequence[Scores], blocks: int) -> list[tuple[str, Interval]]:
    """What the middle third's accuracy is more than: differences with their intervals."""
    curve = own.curve(ALL)
    middle = _middle(own, blocks)
    first, last = (own.mean(cell, PAIRWISE) for cell in (curve[0], curve[-1]))
    against: list[tuple[str, Array | float]] = [
        ("above chance", CHANCE),
        ("above state 0", first),
        (f"above state {curve[-1].state}", last),
        (f"above {_IN_WORDS[NO_CHANGE]}", _middle(own, blocks, NO_CHANGE)),
        *(("above an untrained network", _middle(one, blocks)) for one in untrained),
    ]
    return [(name, _interval(middle - other)) for name, other in against]


def _middle(scores: Scores, blocks: int, predictor: str = TRAINED, tokens: str = ALL) -> Array:
    """Pairwise accuracy, mean over contexts and states of the middle third, [1 + B]."""
    cells = _middle_cells(scores, blocks, predictor, tokens)
    return np.asarray(np.mean([scores.mean(cell, PAIRWISE) for cell in cells], axis=0))


def _middle_cells(
    scores: Scores, blocks: int, predictor: str = TRAINED, tokens: str = ALL
) -> list[Cell]:
    curve = scores.curve(tokens, predictor)
    return [cell for cell in curve if is_middle(cell.state / blocks)] or curve[1:-1]


def _too_little_trained(own: Scores, blocks: int) -> list[int]:
    """States of the middle third whose predictors err more than if nothing changed."""
    return [
        cell.state
        for cell in _middle_cells(own, blocks)
        if own.mean(cell, SURPRISE)[0] > own.mean(cell._replace(predictor=NO_CHANGE), SURPRISE)[0]
    ]


def _curves(own: Scores, metric: str, words: str) -> Iterator[str]:
    for reading, target in ((SAME, "the same state"), (LAST, "the last state")):
        told = [_cell(own, cell, metric) for cell in own.curve(ALL, TRAINED, reading)]
        yield (
            f"{words} told apart by predictions of {target}, % (mean over contexts, its interval, "
            f"range over contexts): {'; '.join(told)}."
        )


def _cell(own: Scores, cell: Cell, metric: str) -> str:
    found = _interval(100 * own.mean(cell, metric))
    contexts = number_range(100 * own.values[cell, metric][0], ".0f")
    return f"state {cell.state} {with_interval(found, '.0f')}, {contexts}"


def _beside(own: Scores, untrained: Sequence[Scores], blocks: int) -> Iterator[str]:
    for predictor in (NO_CHANGE, MEAN):
        told = ", ".join(
            f"state {cell.state} {number(100 * own.mean(cell, PAIRWISE)[0], '.0f')}"
            for cell in own.curve(ALL, predictor)
        )
        yield f"Matched pairs by {_IN_WORDS[predictor]}, same state, %: {told}."
    for seed, one in enumerate(untrained, start=1):
        told = ", ".join(
            f"state {cell.state} {number(100 * one.mean(cell, PAIRWISE)[0], '.0f')}"
            for cell in one.curve(ALL)
        )
        yield f"Matched pairs in untrained network {seed}, same state, %: {told}."
    found = _interval(100 * _middle(own, blocks, tokens=DIFFERING))
    yield (
        "Over the tokens in which the movies of a pair differ, the middle third tells "
        f"{with_interval(found, '.0f')} % of matched pairs apart."
    )


def _losses(own: Scores) -> Iterator[str]:
    told = []
    for cell in own.curve(ALL):
        trained, still, mean = (
            own.mean(cell._replace(predictor=predictor), SURPRISE)[0]
            for predictor in (TRAINED, NO_CHANGE, MEAN)
        )
        told.append(
            f"state {cell.state} {number(trained, '.2f')} ({number(still, '.2f')}, "
            f"{number(mean, '.2f')})"
        )
    yield (
        "Surprise at the same state (with nothing changing, by the mean target), not to be "
        f"compared from state to state: {'; '.join(told)}."
    )


def _interval(values: Array) -> Interval:
    return interval(float(values[0]), values[1:])


def _points(found: Interval) -> str:
    return with_interval(Interval(*(100 * one for one in found)), ".0f", sign=True)
