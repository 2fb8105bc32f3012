"""Figure 19: layer means of attention distance, and how far the heads of a block differ."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from pez.controls.registry import find_control
from pez.emergence.facts import ModelFacts
from pez.estimands.intervals import percentile
from pez.evidence.schema import NO_CONTROL
from pez.inside.attention_tables import Beside, Heads
from pez.inside.head_statistics import (
    PEZ_DEPTH,
    Array,
    contrast,
    head_means,
    interval,
    peak,
    pez_blocks,
    specialisation,
)
from pez.inside.judged import Answer, ModelVerdict, Number, number_of, said_of
from pez.inside.wording import blocks_in_words, number, number_range, with_interval

UNITS = {"spatial": "patches", "temporal": "tubelets"}  # of the measures that are drawn
_READINGS = {  # other readings of distance, whose peaks the verdict tells too
    "spatial": "spatial distance",
    "temporal": "temporal distance",
    "joint": "spatial and temporal distance together",
    "spatial_share": "spatial distance as a share of the query's own under uniform attention",
}
_SURE = 0.9  # share of draws that makes a place of the peak sure
STATISTICS = ("mean", "specialisation")
UNIFORM, PEZ = "uniform", "pez"


def judge_layers(beside: Beside, facts: ModelFacts) -> tuple[pd.DataFrame, ModelVerdict]:
    """Curves by block of a model and its controls, and the verdict on its peak.

    Returns:
        Rows with ``model, kind, control, measure, statistic, block, value, low, high``: curves of
        the model with 90 % intervals over conditions (point by point), of controls with the range
        over their seeds where there are several; ``uniform``, what attention to all alike has; and
        ``pez``, the blocks that the verdict asks about.
    """
    rows = [row for measure in UNITS for row in _rows(beside, measure)]
    table = pd.DataFrame(rows).assign(model=beside.model)
    return table[["model", *table.columns.drop("model")]], _verdict(beside, facts)


def _curves(means: Array) -> dict[str, Array]:
    """Both statistics of means [..., L, H]: [..., L] each."""
    return dict(zip(STATISTICS, (means.mean(axis=-1), specialisation(means)), strict=True))


def _rows(beside: Beside, measure: str) -> Iterator[dict[str, object]]:
    own = beside.own.of[measure]
    curves = _curves(head_means(own))
    drawn = _curves(head_means(own, beside.weights))
    for statistic in STATISTICS:
        where = {"measure": measure, "statistic": statistic}
        over_clips = percentile(drawn[statistic])
        yield from _curve(NO_CONTROL, where, curves[statistic], over_clips)
        for control, seeds in beside.controls.items():
            each = np.stack([_curves(head_means(one.of[measure]))[statistic] for one in seeds])
            bounds = (each.min(axis=0), each.max(axis=0)) if len(seeds) > 1 else None
            yield from _curve(control, where, each.mean(axis=0), bounds)
        level = beside.uniform[measure] if statistic == "mean" else 0.0
        blocks = len(curves[statistic])
        for block in range(blocks):
            yield {"kind": UNIFORM, "control": "", **where, "block": block, "value": level}
        for place in np.flatnonzero(pez_blocks(blocks)):
            yield {"kind": PEZ, "control": "", **where, "block": int(place)}


def _curve(
    control: str, where: Mapping[str, str], curve: Array, bounds: tuple[Array, Array] | None
) -> Iterator[dict[str, object]]:
    for block, value in enumerate(curve):
        low, high = (np.nan, np.nan) if bounds is None else (one[block] for one in bounds)
        place = {"block": block, "value": value, "low": low, "high": high}
        yield {"kind": "curve", "control": control, **where, **place}


def _verdict(beside: Beside, facts: ModelFacts) -> ModelVerdict:
    inside = pez_blocks(facts.layers)
    low, high = PEZ_DEPTH
    question = (
        "Do the heads specialise most, in spatial distance, in the blocks whose output lies at "
        f"{low:g} to {high:g} of depth ({blocks_in_words(np.flatnonzero(inside))})?"
    )
    numbers: list[Number] = []
    statements: list[str] = []
    answer: Answer = "undecided"
    reason = "no block of so shallow a network lies there."
    if inside.any():
        answer, reason = _spike(beside, inside, numbers)
        statements += _other_readings(beside, inside, numbers)
    for measure, unit in UNITS.items():
        statements += _of_means(beside, measure, unit)
    for control in beside.controls:
        if find_control(control).replaces == "clips":
            statements.append(_remaining(beside, control, numbers))
    return said_of(
        beside.model,
        facts,
        question=question,
        answer=answer,
        reason=reason,
        statements=statements,
        numbers=numbers,
    )


def _spike(beside: Beside, inside: np.ndarray, numbers: list[Number]) -> tuple[Answer, str]:
    """Whether specialisation in spatial distance peaks in the blocks ``inside``, and why."""
    own = beside.own.of["spatial"]
    curve = specialisation(head_means(own))
    drawn = specialisation(head_means(own, beside.weights))
    place = peak(curve, drawn, inside)
    more = interval(contrast(curve, inside), contrast(drawn, inside))
    untrained = [
        float(contrast(specialisation(head_means(one.of["spatial"])), inside))
        for one in beside.controls.get("untrained", ())
    ]
    numbers += [
        number_of("block of largest spatial specialisation", place.block),
        Number(name="share of draws with that block inside", value=place.inside),
        number_of("spatial specialisation inside less outside", more, "patches"),
    ]
    numbers += [
        Number(name=f"the same, untrained seed {one.seed}", value=value, unit="patches")
        for one, value in zip(beside.controls.get("untrained", ()), untrained, strict=True)
    ]
    told = (
        f"the standard deviation over heads is largest in block {place.block.value:.0f} "
        f"[{place.block.low:.0f} to {place.block.high:.0f}], one of these in "
        f"{100 * place.inside:.0f} % of draws; its mean over these, less that over the others, is "
        f"{with_interval(more, '.2f', sign=True)} patches"
    )
    if not untrained:
        return "undecided", f"{told}; no untrained network stands beside it."
    told += f", in untrained networks {number_range(untrained, '.2f', sign=True)}."
    if place.inside >= _SURE and more.low > max(0.0, *untrained):
        return "yes", told
    if place.inside <= 1 - _SURE or more.high < 0:
        return "no", told
    return "undecided", told


def _other_readings(beside: Beside, inside: np.ndarray, numbers: list[Number]) -> Iterator[str]:
    parts = []
    for measure, words in _READINGS.items():
        if measure == "spatial":
            continue
        own = beside.own.of[measure]
        curve = specialisation(head_means(own))
        found = peak(curve, specialisation(head_means(own, beside.weights)), inside)
        numbers.append(number_of(f"block of largest specialisation, {words}", found.block))
        low, high = f"{found.block.low:.0f}", f"{found.block.high:.0f}"
        parts.append(f"{words}: block {found.block.value:.0f} [{low} to {high}]")
    yield f"Specialisation is largest, by other readings of distance, for {'; '.join(parts)}."


def _of_means(beside: Beside, measure: str, unit: str) -> Iterator[str]:
    own = beside.own.of[measure]
    curve = head_means(own).mean(axis=-1)
    drawn = head_means(own, beside.weights).mean(axis=-1)
    least, most = int(curve.argmin()), int(curve.argmax())
    ends = [interval(curve[block], drawn[:, block]) for block in (least, most)]
    text = (
        f"Mean {measure} distance: least in block {least}, "
        f"{with_interval(ends[0], '.2f')} {unit}; most in block {most}, "
        f"{with_interval(ends[1], '.2f')}; uniform attention {beside.uniform[measure]:.2f}"
    )
    untrained = beside.controls.get("untrained", ())
    if untrained:
        means = [head_means(one.of[measure]).mean(axis=-1) for one in untrained]
        text += f", untrained networks {number_range(np.concatenate(means), '.2f')}"
    yield f"{text}."


def _remaining(beside: Beside, control: str, numbers: list[Number]) -> str:
    """How local attention is on other clips: uniform less mean distance, over blocks and heads."""
    words = find_control(control).look.label

    def locality(heads: Heads, weights: Array | None = None) -> Array:
        means = head_means(heads.of["spatial"], weights)
        return np.asarray(beside.uniform["spatial"] - means.mean(axis=(-2, -1)))

    seeds = beside.controls[control]
    own, drawn = locality(beside.own), locality(beside.own, beside.weights)
    other = np.mean([locality(one) for one in seeds], axis=0)
    other_drawn = np.mean([locality(one, beside.weights) for one in seeds], axis=0)
    difference = interval(other - own, other_drawn - drawn)
    numbers.append(number_of(f"locality on {words} less locality", difference, "patches"))
    text = (
        f"Locality (uniform less mean spatial distance, over all blocks) is {number(own, '.2f')} "
        f"patches, on {words} {number(other, '.2f')}: a difference of "
        f"{with_interval(difference, '.2f', sign=True)}"
    )
    if np.percentile(drawn, 5) <= 0:
        return f"{text}; attention is not more local than uniform attention in the first place."
    share = interval(other / own, other_drawn / drawn)
    numbers.append(number_of(f"share of locality on {words}", share))
    return f"{text}, or {with_interval(share, '.2f')} of it."
