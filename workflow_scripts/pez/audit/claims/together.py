"""The judgement of "two onsets lie within one state of each other", which three claims share."""

import numpy as np

from pez.audit.claims.curves import Onsets, number, onsets, significant
from pez.audit.claims.finding import Finding, Verdict
from pez.audit.primary import Curve
from pez.estimands.order import difference, equivalent
from pez.estimands.step import step

MARGIN = 1.0  # states


def judge_together(first: Curve, first_name: str, second: Curve, second_name: str) -> Finding:
    """Judge whether ``first`` steps up within one state of ``second``, by two one-sided tests.

    Yes: the interval lies within the limits. No: it lies beyond one of them, or a variable has no
    step in nearly all draws, so that there is nothing to coincide.
    """
    steps = {first_name: onsets(first, step), second_name: onsets(second, step)}
    absent = [name for name, found in steps.items() if found.absent]
    null: dict[str, str | float] = {
        "description": f"the steps of {first_name} and {second_name} are more than one state apart",
        "margin": MARGIN,
        **{f"none_share of {name}": found.none_share for name, found in steps.items()},
    }
    of_first, of_second = steps.values()
    apart = _apart(of_first, of_second)
    low, high, p = equivalent(apart, MARGIN)
    value = number(of_first.value - of_second.value)
    interval = (low, high)
    if absent:
        verb = "steps" if len(absent) == 1 else "step"
        reason = f"{_capital(' and '.join(absent))} {verb} up in 5 % of draws or fewer."
        return Finding("no", reason, value, interval, null, p)
    verdict: Verdict = "undecided"
    if significant(p) and low >= -MARGIN and high <= MARGIN:
        verdict = "yes"
    elif low > MARGIN or high < -MARGIN:
        verdict = "no"
    said = {
        "yes": "within one state",
        "no": "more than one state apart",
        "undecided": "which neither lies within one state nor excludes it",
    }[verdict]
    reason = (
        f"{_capital(first_name)} steps up at {_state(of_first)}, {second_name} at "
        f"{_state(of_second)}: difference in [{low:g}, {high:g}] states, {said}."
    )
    return Finding(verdict, reason, value, interval, null, p)


def _apart(first: Onsets, second: Onsets) -> np.ndarray:
    draws = min(len(first.draws), len(second.draws))
    return difference(first.draws[:draws], second.draws[:draws])


def _state(found: Onsets) -> str:
    return "no state" if np.isnan(found.value) else f"state {found.value:g}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
