"""What is said of the tuning of one model: is there more than in an untrained network?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pez.controls.registry import find_control
from pez.emergence.facts import ModelFacts
from pez.evidence.schema import NO_CONTROL
from pez.inside.judged import Answer, ModelVerdict, Number, said_of
from pez.inside.tables import NetworkTable
from pez.inside.tuning.readings import BALL, GIVEN_PLACE, OCCUPANCY, PLAIN
from pez.inside.tuning.ring import SECTORS, Units, by_control, ring_of, units_of
from pez.inside.wording import number, number_range

_LEAST = 0.05  # share of units: fewer are no population
_MORE = 0.05  # by which a share has to exceed that of untrained networks
_EVEN = 0.5  # of an even share: as many tuned units there are in every sector of a full ring
_UNTRAINED = "untrained"
_READINGS = {
    PLAIN: "as in the paper",
    OCCUPANCY: "given what of the patches about it is covered",
    GIVEN_PLACE: "given also where in the frame the ball is",
    BALL: "at the token under the ball, given where that is",
}


@dataclass(frozen=True)
class Looked:
    """What of all networks a verdict is about.

    Attributes:
        tables: of the model and its controls.
        point: hook point.
        zone: block at the end of the zone.
        blocks: all blocks.
        others: further hook points.
    """

    tables: Sequence[NetworkTable]
    point: str
    zone: int
    blocks: Sequence[int]
    others: Sequence[str]

    def units(
        self, reading: str, variable: str, block: int | None = None, point: str | None = None
    ) -> dict[str, list[Units]]:
        """Units by control, in every seed of it."""
        block = self.zone if block is None else block
        return {
            name: [units_of(one, point or self.point, block, reading, variable) for one in tables]
            for name, tables in by_control(self.tables).items()
        }


def judge_direction(looked: Looked, model: str, facts: ModelFacts) -> ModelVerdict:
    """Do preferred directions lie all around the circle, beyond what the ball's place explains?"""
    units = looked.units(GIVEN_PLACE, "direction")
    own, untrained = units[NO_CONTROL][0], units.get(_UNTRAINED, [])
    answer, reason = more_than_untrained(own.share, [one.share for one in untrained])
    least = own.sectors().min() / max(own.tuned.sum(), 1) * SECTORS
    around = f"the emptiest eighth of the circle holds {number(least, '.2f')} of an even share"
    if answer == "yes" and least < _EVEN:
        answer = "no" if least == 0 else "undecided"
    if own.tuned.any():
        reason = f"{reason}; {around}"
    numbers = [
        Number(name=f"share of units tuned to direction, {words}", value=_share(looked, reading))
        for reading, words in _READINGS.items()
    ]
    numbers += [
        Number(name=f"the same, untrained {place + 1}", value=one.share)
        for place, one in enumerate(untrained)
    ]
    statements = [
        *_shares(looked, "direction"),
        *_rings(looked),
        *_harmonics(looked),
        *_elsewhere(looked),
        *_shares(looked, "speed"),
    ]
    question = (
        f"Do units of block {looked.zone} ({looked.point}) prefer directions all around the "
        "circle, beyond what the ball's place explains?"
    )
    return _said(model, facts, question, answer, reason, statements, numbers)


def judge_vectors(looked: Looked, model: str, facts: ModelFacts) -> ModelVerdict:
    """Do tuning vectors fan out at the end of the zone, and not in the first block?"""
    first = looked.blocks[0]
    question = (
        f"Do tuning vectors fan out over the circle in block {looked.zone} and not in block "
        f"{first}, as the paper has it?"
    )
    statements = list(_rings(looked))
    numbers: list[Number] = []
    if first == looked.zone:
        return _said(
            model, facts, question, "undecided", "no earlier block was measured.", statements, []
        )
    units = {block: looked.units(PLAIN, "direction", block) for block in looked.blocks}
    for block, found in units.items():
        own = found[NO_CONTROL][0]
        numbers.append(Number(name=f"share of tuned units, block {block}", value=own.share))
        others = found.get(_UNTRAINED, [])
        beside = f"; untrained {_percents([one.share for one in others])}" if others else ""
        statements.append(
            f"Block {block}: {_percent(own.share)} of units are tuned{beside}; median length of "
            f"their vectors {_length(own)}."
        )
    rises = {
        name: [
            zone.share - before.share
            for zone, before in zip(units[looked.zone][name], units[first][name], strict=True)
        ]
        for name in units[first]
    }
    rise, untrained = rises[NO_CONTROL][0], rises.get(_UNTRAINED, [])
    early, late = (_fans(units[block][NO_CONTROL][0]) for block in (first, looked.zone))
    told = f"the share of tuned units rises by {number(100 * rise, '.0f', sign=True)} points"
    answer: Answer = "undecided"
    if not late:
        answer, reason = "no", f"units of block {looked.zone} do not cover the circle."
    elif early:
        answer, reason = "no", f"units of block {first} cover the circle too; {told}."
    elif not untrained:
        reason = f"{told}; no untrained network stands beside it."
    else:
        answer = "yes" if rise > max(untrained) + _MORE else "undecided"
        changes = number_range([100 * one for one in untrained], ".0f", sign=True)
        reason = f"{told}, in untrained networks by {changes}."
    return _said(model, facts, question, answer, reason, statements, numbers)


def judge_speed(looked: Looked, model: str, facts: ModelFacts) -> ModelVerdict:
    """Do units prefer speeds within the range, beyond what the ball's place explains?"""
    units = looked.units(GIVEN_PLACE, "speed")
    own, untrained = units[NO_CONTROL][0], units.get(_UNTRAINED, [])
    answer, reason = more_than_untrained(own.within_range, [one.within_range for one in untrained])
    low, high = own.speeds
    question = (
        f"Do units of block {looked.zone} ({looked.point}) prefer speeds between {low:g} and "
        f"{high:g} m/s, beyond what the ball's place explains?"
    )
    numbers = [Number(name="share of units that do", value=own.within_range)]
    statements = [*_shares(looked, "speed"), *_within(looked)]
    return _said(model, facts, question, answer, f"{reason}.", statements, numbers)


def more_than_untrained(own: float, untrained: Sequence[float]) -> tuple[Answer, str]:
    """Whether a share of units is a population, and larger than in any untrained network."""
    told = f"{_percent(own)} of units do"
    if own < _LEAST:
        return "no", f"{told}, fewer than {_percent(_LEAST)}"
    if not untrained:
        return "undecided", f"{told}; no untrained network stands beside it"
    told = f"{told}, in untrained networks {_percents(untrained)}"
    if own <= max(untrained):
        return "no", told
    return ("yes" if own >= max(untrained) + _MORE else "undecided"), told


def _fans(units: Units) -> bool:
    """Whether tuned units are a population that lies all around the circle."""
    even = units.tuned.sum() / SECTORS
    return units.share >= _LEAST and bool(units.sectors().min() >= _EVEN * even)


def _shares(looked: Looked, variable: str) -> Iterator[str]:
    for reading, words in _READINGS.items():
        units = looked.units(reading, variable)
        yield f"Tuned to {variable}, {words}: {_beside(units)}."


def _beside(units: dict[str, list[Units]]) -> str:
    parts = []
    for name, found in units.items():
        shares = _percents([one.share for one in found])
        label = "" if name == NO_CONTROL else f"{find_control(name).look.label.partition(',')[0]} "
        parts.append(f"{label}{shares}")
    own = units[NO_CONTROL][0]
    best = own.rows["best"].max()
    most = f"; largest gain {number(best, '.2f')}" if np.isfinite(best) else ""
    return f"{', '.join(parts)}{most} (limit of the permuted {number(own.limit, '.2f')})"


def _rings(looked: Looked) -> Iterator[str]:
    for reading in (PLAIN, GIVEN_PLACE):
        units = looked.units(reading, "direction")
        own = ring_of(units[NO_CONTROL][0])
        if not np.isfinite(own.first):
            continue
        text = (
            f"Ring of preferred directions in block {looked.zone}, {_READINGS[reading]}: mean "
            f"vector {number(own.first, '.2f')}, of doubled angles {number(own.second, '.2f')}, "
            f"Rayleigh p {own.p:.2g}"
        )
        others = [ring_of(one) for one in units.get(_UNTRAINED, [])]
        if others:
            first, second = (
                number_range([getattr(one, name) for one in others], ".2f")
                for name in ("first", "second")
            )
            text += f"; untrained {first} and {second}"
        yield f"{text}."


def _harmonics(looked: Looked) -> Iterator[str]:
    units = looked.units(PLAIN, "direction")
    parts = []
    for name in (NO_CONTROL, _UNTRAINED):
        for one in units.get(name, [])[:1]:
            shares = one.harmonics()
            told = ", ".join(_percent(share) for share in shares[np.isfinite(shares)])
            parts.append(told if name == NO_CONTROL else f"untrained {told}")
    yield (
        "Power of the means by direction in harmonics 1 and up, all units and positions: "
        f"{'; '.join(parts)} (a cosine has all in the first, noise the same in each)."
    )


def _elsewhere(looked: Looked) -> Iterator[str]:
    for block in looked.blocks:
        if block != looked.zone:
            units = looked.units(GIVEN_PLACE, "direction", block)
            yield f"Block {block}, tuned to direction given the ball's place: {_beside(units)}."
    for point in looked.others:
        units = looked.units(GIVEN_PLACE, "direction", point=point)
        yield (
            f"{point} of block {looked.zone} in place of {looked.point}, tuned to direction given "
            f"the ball's place: {_beside(units)}."
        )


def _within(looked: Looked) -> Iterator[str]:
    for reading, words in _READINGS.items():
        units = looked.units(reading, "speed")
        own, others = units[NO_CONTROL][0], units.get(_UNTRAINED, [])
        beside = f", untrained {_percents([one.within_range for one in others])}" if others else ""
        share = _percent(own.within_range)
        yield f"With a preferred speed within the range, {words}: {share}{beside}."


def _share(looked: Looked, reading: str) -> float:
    return looked.units(reading, "direction")[NO_CONTROL][0].share


def _length(units: Units) -> str:
    gains = units.rows["gain"].to_numpy()[units.tuned]
    return f"{np.median(gains):.2g}" if len(gains) else "none"


def _percent(share: float | np.floating) -> str:
    return f"{number(100 * share, '.0f')} %"


def _percents(shares: Sequence[float]) -> str:
    return f"{number_range([100 * share for share in shares], '.0f')} %"


def _said(
    model: str,
    facts: ModelFacts,
    question: str,
    answer: Answer,
    reason: str,
    statements: Sequence[str],
    numbers: Sequence[Number],
) -> ModelVerdict:
    return said_of(
        model,
        facts,
        question=question,
        answer=answer,
        reason=reason if reason.endswith(".") else f"{reason}.",
        statements=statements,
        numbers=numbers,
    )
