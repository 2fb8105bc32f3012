"""Steering by numbers of probes (figure 24), and how many dimensions it takes."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from pez.emergence.facts import ModelFacts
from pez.inside.head_statistics import Interval
from pez.inside.judged import Answer, ModelVerdict, Number, number_of, said_of
from pez.inside.sequences.beside import Beside, is_own, over_splits, spread_of
from pez.inside.sequences.names import (
    LENGTH,
    MEANS,
    NOTHING,
    PLANE,
    PROBES,
    SHUFFLED,
    SUBSPACE,
)
from pez.inside.wording import number, with_interval
from pez.scores.regression import CLOSE_DEG

_DOZENS = 24  # dimensions


def judge_steering(own: Beside, facts: ModelFacts) -> tuple[pd.DataFrame, ModelVerdict]:
    """What figure 24 shows of a model, and what is said of it."""
    rows = own.of("steering")
    found = over_splits(rows.drop(columns=["what", "variable", "against"]))
    here = found[is_own(found)]
    answer, reason = _answer(here)
    verdict = said_of(
        own.model,
        facts,
        question=(
            "Do dozens of dimensions have to be moved before a probe that did not see the edit "
            f"reads the target direction within {CLOSE_DEG:g} degrees (state {own.near})?"
        ),
        answer=answer,
        reason=reason,
        statements=_statements(here, found[found["control"] == "untrained"]),
        numbers=_numbers(here),
    )
    return found, verdict


def _answer(here: pd.DataFrame) -> tuple[Answer, str]:
    """``no`` if fewer do it in every draw, ``yes`` if dozens do and fewer do in no draw."""
    errors = here[here["metric"] == "to_target"].assign(dimensions=_dimensions(here))
    fair = errors[errors["arm"].isin((PROBES, PLANE))]
    few, many = (fair[(fair["dimensions"] >= _DOZENS) == side] for side in (False, True))
    enough = few[few["high"] <= CLOSE_DEG]
    if len(enough):
        best = enough.sort_values(["dimensions", "value"]).iloc[0]
        how = "along the plane of the directions' means" if best["arm"] == PLANE else "by probes"
        return "no", (
            f"{best['dimensions']} dimensions do, {how} ({best['solver']}): "
            f"{_degrees(best)} to the target."
        )
    reached = many[many["high"] <= CLOSE_DEG]
    if len(reached) and (few["low"] > CLOSE_DEG).all():
        first = reached.sort_values(["dimensions", "value"]).iloc[0]
        return (
            "yes",
            f"{first['dimensions']} do ({first['solver']}), and fewer in no draw of clips.",
        )
    if not len(reached):
        return "undecided", "no number of probes comes that near in every draw of clips."
    return "undecided", "fewer do in some draws of clips."


def _dimensions(rows: pd.DataFrame) -> pd.Series:
    """Dimensions that an edit lies in: two for a probe, or for a plane."""
    return 2 * rows["number"]


def _statements(here: pd.DataFrame, untrained: pd.DataFrame) -> Iterator[str]:
    errors = here[here["metric"] == "to_target"]
    for solver, rows in errors[errors["arm"] == PROBES].groupby("solver", sort=False):
        told = ", ".join(
            f"{row.number}: {number(_interval(row).value, '.1f')}" for row in rows.itertuples()
        )
        near = rows[rows["value"] <= CLOSE_DEG]
        first = f"; {near.iloc[0]['number']} come within {CLOSE_DEG:g}" if len(near) else ""
        yield f"Degrees to the target by number of {solver} probes: {told}{first}."
    for arm, words in (
        (PLANE, "Moving along the plane of the directions' means, as far as one probe says"),
        (MEANS, "Moving by the difference of two directions' means"),
        (NOTHING, "Without an edit"),
    ):
        rows = errors[errors["arm"] == arm]
        told = ", ".join(_degrees(row) + _by(row) for row in rows.itertuples())
        yield f"{words}: {told}."
    for arm, words in (
        (SUBSPACE, "The same least squares within random subspaces of as many dimensions"),
        (LENGTH, "Edits as long in random planes"),
        (SHUFFLED, "Probes of shuffled labels"),
    ):
        yield f"{words}: {_last(errors[errors['arm'] == arm])}."
    for solver in errors.loc[errors["arm"] == PROBES, "solver"].unique():
        own = here[(here["arm"] == PROBES) & (here["solver"] == solver)]
        last = own[own["number"] == own["number"].max()].set_index("metric")["value"]
        yield (
            f"With all {solver} probes the read pair has length {number(last['radius'], '.2f')}, "
            f"the edit {number(last['edit'], '.2f')} of the clips' distance from their mean, and "
            f"the read speed changes by {number(last['speed_change'], '.2f')} of its spread."
        )
    other = untrained[(untrained["metric"] == "to_target") & (untrained["arm"] == PROBES)]
    if len(other):
        yield f"In untrained networks the probes come to {_last(other)}."


def _last(rows: pd.DataFrame) -> str:
    """Errors with the largest number of probes, by solver."""
    parts = []
    for solver, own in rows.groupby("solver", sort=False):
        last = own[own["number"] == own["number"].max()]
        told = spread_of(last["value"])
        parts.append(f"{number(told.value, '.1f')} degrees ({solver}, {last.iloc[0]['number']})")
    return ", ".join(parts)


def _interval(row: Any) -> Interval:
    return Interval(row.value, row.low, row.high)


def _degrees(row: Any) -> str:
    return f"{with_interval(_interval(row), '.1f')} degrees"


def _by(row: Any) -> str:
    return f" ({row.solver})" if row.solver else ""


def _numbers(here: pd.DataFrame) -> Iterator[Number]:
    for row in here[here["metric"] == "to_target"].itertuples():
        name = f"to the target: {row.arm}, {row.number} {row.solver}".strip()
        yield number_of(name, _interval(row), "degrees")
