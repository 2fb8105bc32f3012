"""Whether direction needs local heads, said of one model from its effects."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from pez.emergence.facts import ModelFacts
from pez.inside.ablation.readings import (
    DIRECTION,
    FROZEN,
    PLACE,
    RECENTRED,
    REFIT,
    WHOLE,
)
from pez.inside.head_statistics import Interval
from pez.inside.heads.costs import Costs
from pez.inside.heads.effects import BEYOND, COST, INTERACTION, SCORE
from pez.inside.heads.sets import LOCAL
from pez.inside.judged import ModelVerdict, Number, number_of, said_of
from pez.inside.wording import blocks_in_words, number, number_range, with_interval


def verdict_of(
    model: str,
    trained: pd.DataFrame,
    untrained: pd.DataFrame,
    costs: Costs,
    taken: Mapping[str, Sequence[int]],
    facts: ModelFacts,
) -> ModelVerdict:
    """Say whether local heads are worth more than others to a probe of direction fitted again.

    Args:
        model: its name.
        trained: rows of `pez.inside.heads.effects.effects` of the model.
        untrained: the same of untrained networks, with a column seed.
        costs: to a probe of direction that is fitted again, after the blocks that lose heads.
        taken: its local heads, by block.
        facts: what is known of the model.
    """
    end = int(trained["state"].min())
    here = trained[trained["state"] == end]
    answer, reason = costs.answer()
    blocks = [int(block) for block in taken]
    statements = [
        _heads(here, blocks, taken),
        *_costs(trained),
        *_by_reading(here),
        *_place(here),
        *_untrained(untrained, end),
    ]
    return said_of(
        model,
        facts,
        question=(
            f"Does direction, as a probe fitted again reads it at state {end}, need the local "
            f"heads of {blocks_in_words(blocks)} more than as many other heads of these blocks?"
        ),
        answer=answer,
        reason=reason,
        statements=statements,
        numbers=_numbers(here),
    )


def _heads(here: pd.DataFrame, blocks: Sequence[int], taken: Mapping[str, Sequence[int]]) -> str:
    told = ", ".join(
        f"{'head' if len(heads) == 1 else 'heads'} {', '.join(map(str, heads))} of block {block}"
        for block, heads in zip(blocks, taken.values(), strict=True)
    )
    about = here.drop_duplicates("heads").set_index("heads")
    others = about.drop([WHOLE, LOCAL])
    reach = float(about["distance"][LOCAL])
    return (
        f"Local: {told}; they look {number(reach, '.1f')} far on average, "
        f"the others {number_range(others['distance'].to_numpy(), '.1f')}, and these write "
        f"{number_range(others['written'].to_numpy(), '.2f')} times as much beyond their mean."
    )


def _costs(trained: pd.DataFrame) -> Iterator[str]:
    for state, rows in trained.groupby("state"):
        scores = _of(rows, SCORE, DIRECTION, REFIT)
        cost = _of(rows, COST, DIRECTION, REFIT)
        whole, local = (
            _only(of[of["heads"] == heads]) for of, heads in ((scores, WHOLE), (cost, LOCAL))
        )
        others = cost.loc[cost["heads"] != LOCAL, "value"].to_numpy()
        yield (
            f"State {state}: direction is read with R2 {number(whole.value, '.2f')}; without local "
            f"heads it loses {with_interval(local, '.3f')}, without as many others "
            f"{number_range(others, '.3f')}."
        )


def _by_reading(here: pd.DataFrame) -> Iterator[str]:
    for reading, words in (
        (FROZEN, "By probes that are not fitted again"),
        (RECENTRED, "By these, of features brought back to their mean and scale"),
    ):
        beyond = _only(_of(here, BEYOND, DIRECTION, reading))
        yield f"{words} local heads cost {with_interval(beyond, '.3f', sign=True)} beyond others."


def _place(here: pd.DataFrame) -> Iterator[str]:
    beyond = _only(_of(here, BEYOND, PLACE, REFIT))
    apart = _only(_of(here, INTERACTION, DIRECTION, REFIT))
    yield (
        f"Place of the start, which asks for no motion: {with_interval(beyond, '.3f', sign=True)} "
        f"beyond others; direction less place {with_interval(apart, '.3f', sign=True)}."
    )


def _untrained(rows: pd.DataFrame, state: int) -> Iterator[str]:
    beyond = _of(rows[rows["state"] == state], BEYOND, DIRECTION, REFIT)
    if len(beyond):
        told = number_range(beyond["value"].to_numpy(), ".3f", sign=True)
        yield f"In untrained networks local heads cost {told} beyond others."


def _numbers(here: pd.DataFrame) -> Iterator[Number]:
    for estimand in (BEYOND, INTERACTION):
        found = _only(_of(here, estimand, DIRECTION, REFIT))
        yield number_of(f"{estimand}: local heads against others", found, "R2")


def _of(rows: pd.DataFrame, estimand: str, task: str, reading: str) -> pd.DataFrame:
    return rows[
        (rows["estimand"] == estimand) & (rows["task"] == task) & (rows["reading"] == reading)
    ]


def _only(rows: pd.DataFrame) -> Interval:
    ((value, low, high),) = rows[["value", "low", "high"]].to_numpy(float)
    return Interval(float(value), float(low), float(high))
