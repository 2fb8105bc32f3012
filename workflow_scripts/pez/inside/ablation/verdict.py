"""Whether what is read needs what is near, said of one model from its effects."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd

from pez.emergence.facts import ModelFacts
from pez.inside.ablation.effects import BEYOND, INTERACTION, SCORE
from pez.inside.ablation.readings import (
    DIRECTION,
    FROZEN,
    PATCHES,
    PLACE,
    PLAUSIBILITY,
    RECENTRED,
    REFIT,
    WHOLE,
)
from pez.inside.head_statistics import Interval
from pez.inside.judged import Answer, ModelVerdict, Number, number_of, said_of
from pez.inside.wording import number, number_range, with_interval


class Asked(NamedTuple):
    """What a verdict is about."""

    task: str
    score: str  # in words
    chance: float  # score of a probe that reads nothing


ASKED_DIRECTION = Asked(DIRECTION, "R2", 0.0)
ASKED_PLAUSIBILITY = Asked(PLAUSIBILITY, "pair accuracy", 0.5)
_IN_WORDS = {DIRECTION: "direction", PATCHES: "direction by patch", PLACE: "place of the start"}
_AGAINST = {
    "random": "as many random keys",
    "far": "as many from the far end",
    "mass": "random keys of the same attention",
}


def verdict_of(
    asked: Asked,
    model: str,
    trained: pd.DataFrame,
    controls: pd.DataFrame,
    end: int,
    facts: ModelFacts,
) -> ModelVerdict:
    """Say whether near keys are worth more than others to a probe fitted again.

    Args:
        asked: what the probe reads.
        model: its name.
        trained: rows of `pez.inside.ablation.effects.effects` of the model.
        controls: the same of networks beside it, with columns control and seed.
        end: state after the masked blocks.
        facts: what is known of the model.
    """
    here = trained[(trained["where"].isin(("zone", "none"))) & (trained["state"] == end)]
    answer, reason = _answer(asked, here)
    statements = [
        *_scores(asked, here),
        *_by_reading(asked, here),
        *_others(here),
        *_untrained(asked, controls, end),
    ]
    return said_of(
        model,
        facts,
        question=(
            "Do the masked blocks need the keys within a window, beyond what removing others in "
            f"their place costs ({asked.task}, by probes fitted again at the end of these blocks)?"
        ),
        answer=answer,
        reason=reason,
        statements=statements,
        numbers=_numbers(asked, here),
    )


def _answer(asked: Asked, here: pd.DataFrame) -> tuple[Answer, str]:
    """``yes`` if every window costs more than every matched removal, ``no`` if none does."""
    scores = _of(here, SCORE, asked.task, REFIT)
    if not _whole(scores).low > asked.chance:
        return "undecided", f"{asked.task} is not read with all keys: there is nothing to lose."
    beyond = _of(here, BEYOND, asked.task, REFIT)
    if beyond.empty:
        return "undecided", "no matched removal stands beside the windows."
    lowest = beyond.groupby("window", sort=False)["low"].min()
    local = [str(name) for name, low in lowest.items() if low > 0]
    least = beyond.groupby("window", sort=False)["high"].min()
    other = [str(name) for name, high in least.items() if high <= 0]
    if len(local) == len(lowest):
        return "yes", f"each of {', '.join(local)} costs more than every matched removal."
    if len(other) == len(lowest):
        return "no", f"none of {', '.join(other)} costs more than every matched removal."
    unsure = [name for name in map(str, lowest.index) if name not in local and name not in other]
    parts = [
        f"{', '.join(names)} {words}"
        for names, words in (
            (local, "more than every matched removal"),
            (other, "no more than some matched removal"),
            (unsure, "within the interval of one"),
        )
        if names
    ]
    return "undecided", f"costs differ: {'; '.join(parts)}."


def _scores(asked: Asked, here: pd.DataFrame) -> Iterator[str]:
    scores = _of(here, SCORE, asked.task, REFIT)
    told = number(_whole(scores).value, ".2f")
    yield f"With all keys {asked.task} is read with {asked.score} {told}."
    for window, rows in scores[scores["window"] != WHOLE].groupby("window", sort=False):
        by_keys = rows.set_index("keys")
        near = by_keys.loc["window"]
        share = f"{100 * near['removed']:.1f} %"
        text = f"{window}: without {share} of the keys {asked.score} {_told(near)}"
        for keys, words in _AGAINST.items():
            if keys in by_keys.index:
                text += f", without {words} {_told(by_keys.loc[keys])}"
        if near["empty"] > 0:
            text += f"; {100 * near['empty']:.0f} % of queries keep no key"
        yield f"{text}."


def _by_reading(asked: Asked, here: pd.DataFrame) -> Iterator[str]:
    for reading, words in (
        (FROZEN, "Probes that are not fitted again"),
        (RECENTRED, "The same on features brought back to their mean and scale"),
    ):
        scores = _of(here, SCORE, asked.task, reading)
        yield f"{words} read {asked.task} with {asked.score}: {_near(scores)}."


def _others(here: pd.DataFrame) -> Iterator[str]:
    for task in (PATCHES, PLACE):
        scores = _of(here, SCORE, task, REFIT)
        if scores.empty:
            continue
        whole = number(_whole(scores).value, ".2f")
        yield (
            f"{_IN_WORDS[task].capitalize()}, probes fitted again: {whole} with all keys; "
            f"{_near(scores)}."
        )
    joint = _of(here, INTERACTION, DIRECTION, REFIT)
    for against, words in _AGAINST.items():
        rows = joint[joint["against"] == against]
        told = ", ".join(f"{row.window} {_told(row)}" for row in rows.itertuples())
        if told:
            yield f"Cost to direction less cost to place, beyond {words}: {told}."


def _untrained(asked: Asked, controls: pd.DataFrame, state: int) -> Iterator[str]:
    rows = controls[(controls["control"] == "untrained") & (controls["state"] == state)]
    beyond = _of(rows[rows["where"] == "zone"], BEYOND, asked.task, REFIT)
    if beyond.empty:
        return
    told = ", ".join(
        f"{window} {number_range(own['value'].to_numpy(), '.2f', sign=True)}"
        for window, own in beyond.groupby("window", sort=False)
    )
    yield f"In untrained networks a window costs beyond matched removals: {told}."


def _numbers(asked: Asked, here: pd.DataFrame) -> Iterator[Number]:
    for estimand in (BEYOND, INTERACTION):
        for row in _of(here, estimand, asked.task, REFIT).itertuples():
            name = f"{estimand}: {row.window} against {row.against}"
            yield number_of(name, _interval(row), asked.score)


def _of(rows: pd.DataFrame, estimand: str, task: str, reading: str) -> pd.DataFrame:
    return rows[
        (rows["estimand"] == estimand) & (rows["task"] == task) & (rows["reading"] == reading)
    ]


def _whole(scores: pd.DataFrame) -> Interval:
    """Score with nothing taken."""
    (row,) = scores[scores["window"] == WHOLE].itertuples()
    return _interval(row)


def _near(scores: pd.DataFrame) -> str:
    """Score without each window."""
    near = scores[scores["keys"] == "window"]
    pairs = zip(near["window"], near["value"], strict=True)
    return ", ".join(f"{window} {number(value, '.2f')}" for window, value in pairs)


def _interval(row: Any) -> Interval:
    return Interval(row.value, row.low, row.high)


def _told(row: Any) -> str:
    return with_interval(_interval(row), ".2f")
