"""Figure 3: attention distance of every head of every block, beside an untrained network."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pez.emergence.facts import ModelFacts
from pez.evidence.schema import NO_CONTROL
from pez.inside.attention_tables import Beside, Heads
from pez.inside.head_statistics import PEZ_DEPTH, contrast, head_means, interval, pez_blocks
from pez.inside.judged import Answer, ModelVerdict, Number, number_of, said_of
from pez.inside.wording import blocks_in_words, number_range, with_interval

MEASURES = ("spatial", "temporal")  # that are drawn
_UNTRAINED = "untrained"


def judge_heads(beside: Beside, facts: ModelFacts) -> tuple[pd.DataFrame, ModelVerdict]:
    """Every head of a model and of its first untrained network, and the verdict on local ones.

    Returns:
        Rows with ``model, control, seed, measure, block, head, value, uniform``: means over clips.
    """
    shown = {NO_CONTROL: beside.own}
    if beside.controls.get(_UNTRAINED):
        shown[_UNTRAINED] = beside.controls[_UNTRAINED][0]
    rows = [row for name, heads in shown.items() for row in _rows(beside, name, heads)]
    table = pd.DataFrame(rows).astype({"seed": "Int64"})
    return table, _verdict(beside, facts)


def _rows(beside: Beside, control: str, heads: Heads) -> Iterator[dict[str, object]]:
    for measure in MEASURES:
        for (block, head), value in np.ndenumerate(head_means(heads.of[measure])):
            yield {
                "model": beside.model,
                "control": control,
                "seed": heads.seed,
                "measure": measure,
                "block": block,
                "head": head,
                "value": value,
                "uniform": beside.uniform[measure],
            }


def _verdict(beside: Beside, facts: ModelFacts) -> ModelVerdict:
    means = head_means(beside.own.of["spatial"])
    drawn = head_means(beside.own.of["spatial"], beside.weights)
    inside = pez_blocks(len(means))
    limit, limit_words = _limit(beside)
    local, local_drawn = means < limit, drawn < limit
    statements = [
        f"{int(local.sum())} of {local.size} heads look less far than {limit_words}"
        + (f": {_by_block(local)}." if local.any() else "."),
        *(text for measure in MEASURES for text in _extremes(beside, measure)),
        f"Share of attention within one patch and one tubelet, over heads: "
        f"{number_range(head_means(beside.own.of['near']), '.3f')}; uniform attention "
        f"{beside.uniform['near']:.3f}.",
    ]
    numbers = [
        Number(name="local heads", value=float(local.sum())),
        Number(name="limit of local heads", value=limit, unit="patches"),
    ]
    low, high = PEZ_DEPTH
    answer: Answer = "undecided"
    reason = "no block of so shallow a network lies there."
    if inside.any():
        shares, shares_drawn = local.mean(axis=-1), local_drawn.mean(axis=-1)
        more = interval(contrast(shares, inside), contrast(shares_drawn, inside))
        answer = "yes" if more.low > 0 else "no" if more.high <= 0 else "undecided"
        reason = (
            f"the share of local heads there less that of the other blocks is "
            f"{with_interval(more, '.2f', sign=True)}."
        )
        numbers.append(number_of("share of local heads inside less outside", more))
    return said_of(
        beside.model,
        facts,
        question=f"Are heads that look less far than {limit_words} more frequent in the blocks "
        f"whose output lies at {low:g} to {high:g} of depth "
        f"({blocks_in_words(np.flatnonzero(inside))})?",
        answer=answer,
        reason=reason,
        statements=statements,
        numbers=numbers,
    )


def _limit(beside: Beside) -> tuple[float, str]:
    """Spatial distance below which a head counts as local, and what sets it."""
    untrained = beside.controls.get(_UNTRAINED, ())
    if not untrained:
        half = beside.uniform["spatial"] / 2
        return half, f"half of uniform attention ({half:.2f} patches)"
    least = min(float(head_means(one.of["spatial"]).min()) for one in untrained)
    networks = "the untrained network" if len(untrained) == 1 else "any untrained network"
    return least, f"every head of {networks} ({least:.2f} patches)"


def _by_block(local: np.ndarray) -> str:
    counts = [(block, int(count)) for block, count in enumerate(local.sum(axis=-1)) if count]
    return ", ".join(f"{count} in block {block}" for block, count in counts)


def _extremes(beside: Beside, measure: str) -> Iterator[str]:
    unit = {"spatial": "patches", "temporal": "tubelets"}[measure]
    means = head_means(beside.own.of[measure])
    drawn = head_means(beside.own.of[measure], beside.weights)
    ends = []
    for place in (means.argmin(), means.argmax()):
        block, head = np.unravel_index(place, means.shape)
        found = interval(means[block, head], drawn[:, block, head])
        ends.append(f"head {head} of block {block} {with_interval(found, '.2f')}")
    yield (
        f"Least {measure} distance: {ends[0]} {unit}; largest: {ends[1]}; uniform attention "
        f"{beside.uniform[measure]:.2f}."
    )
