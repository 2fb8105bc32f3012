"""Scores by number of probes taken out (figure 23), and whether they go up and down by turns.

Differences from probe to probe of a smooth course with independent noise have a correlation of -.5
with the next one: that is no sawtooth yet. A sawtooth, high and low by turns, comes to -1.
"""

from collections.abc import Iterator, Mapping
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pez.emergence.facts import ModelFacts
from pez.inside.head_statistics import Interval
from pez.inside.judged import Answer, ModelVerdict, Number, number_of, said_of
from pez.inside.sequences.beside import Beside, over_splits, spread_of
from pez.inside.sequences.erased import erased_in_words
from pez.inside.sequences.names import DIRECTION, PROBES
from pez.inside.wording import number, number_range, with_interval

FIRST = 30  # probes, over which the paper's sawtooth is seen
_DRAWS, _TAIL, _SURE = 2000, 0.05, 0.9
_READ = 0.5  # share of directions within 15 degrees; by chance .08
_METRICS = {"direction": "accuracy", "speed": "r2", "plausibility": "accuracy"}  # as in figure 23


# By control, variable, solver and arm.
_Curves = Mapping[tuple[str, str, str, str], NDArray[np.float64]]


def alternation(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lag-1 autocorrelation of the first differences of ``curves`` [..., N]; 0 for flat ones."""
    steps = np.diff(curves, axis=-1)
    steps = steps - steps.mean(axis=-1, keepdims=True)
    power = (steps**2).sum(axis=-1)
    found: NDArray[np.float64] = (steps[..., 1:] * steps[..., :-1]).sum(axis=-1) / np.where(
        power > 0, power, 1
    )
    return found


def limit_of_noise(length: int) -> float:
    """What 5 % of courses of independent noise of ``length`` probes lie below."""
    noise = np.random.default_rng(0).normal(size=(_DRAWS, length))
    return float(np.quantile(alternation(noise), _TAIL))


def judge_scores(own: Beside, facts: ModelFacts) -> tuple[pd.DataFrame, ModelVerdict]:
    """What figure 23 shows of a model, and what is said of it."""
    rows = own.of("score")
    rows = rows[rows["state"] == own.near]
    shown = rows[rows["metric"] == rows["variable"].map(_METRICS)]
    curves = {
        cast(tuple[str, str, str, str], key): _curves(one)
        for key, one in shown.groupby(["control", "variable", "solver", "arm"])
    }
    solver = "adam" if (shown["solver"] == "adam").any() else "ridge"
    ours = curves["none", DIRECTION, solver, PROBES]
    limit = limit_of_noise(ours.shape[1])
    found = alternation(ours)
    untrained = curves.get(("untrained", DIRECTION, solver, PROBES))
    answer, share = _answer(found, limit)
    first = float(np.median(ours[:, 0]))
    reason = (
        f"the correlation of one step with the next is {with_interval(spread_of(found), '.2f')}; "
        f"{100 * share:.0f} % of {len(found)} draws of clips lie below the {number(limit, '.2f')} "
        "that 5 % of courses of independent noise reach."
    )
    if first < _READ:
        answer = "undecided"
        reason = f"the first probe has {100 * first:.0f} % within 15 degrees: nothing is read."
    verdict = said_of(
        own.model,
        facts,
        question=(
            f"Is direction read well and badly by turns over the first {ours.shape[1]} probes "
            f"({solver}, accuracy within 15 degrees, state {own.near})?"
        ),
        answer=answer,
        reason=reason,
        statements=(*_statements(curves, solver, limit, untrained), *erased_in_words(own)),
        numbers=_numbers(curves, limit),
    )
    return over_splits(shown.drop(columns=["what", "against", "state"])), verdict


def _answer(found: NDArray[np.float64], limit: float) -> tuple[Answer, float]:
    share = float((found < limit).mean())
    if share >= _SURE:
        return "yes", share
    return ("no" if share <= 1 - _SURE else "undecided"), share


def _curves(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Courses of all draws over the first probes, [R, N]."""
    keys = ["seed", "split"] if rows["seed"].notna().any() else ["split"]
    table = rows.pivot(index=keys, columns="number", values="value")
    return table.to_numpy(float)[:, :FIRST]


def _statements(
    curves: _Curves,
    solver: str,
    limit: float,
    untrained: NDArray[np.float64] | None,
) -> Iterator[str]:
    if untrained is not None:
        share = 100 * (alternation(untrained) < limit).mean()
        told = with_interval(spread_of(alternation(untrained)), ".2f")
        yield f"In untrained networks it is {told}, below the limit in {share:.0f} % of draws."
    for (control, variable, by, arm), found in curves.items():
        if (control, arm) != ("none", PROBES) or (variable, by) == (DIRECTION, solver):
            continue
        told = with_interval(spread_of(alternation(found)), ".2f")
        yield f"{variable.capitalize()}, {by}: {told}."
    for (control, variable, by, arm), found in curves.items():
        if (control, variable, arm) == ("none", DIRECTION, PROBES):
            first, second = found[:, 0], found[:, 1]
            yield (
                f"The first {by} probe has {number_range(100 * first, '.0f')} % of directions "
                f"within 15 degrees, the second {number_range(100 * second, '.0f')} %."
            )


def _numbers(curves: _Curves, limit: float) -> Iterator[Number]:
    for (control, variable, by, arm), found in curves.items():
        if arm == PROBES and control in ("none", "untrained"):
            whose = "" if control == "none" else f", {control}"
            name = f"step to step: {variable}, {by}{whose}"
            yield number_of(name, spread_of(alternation(found)))
    yield number_of("5 % of noise", Interval(limit, limit, limit))
