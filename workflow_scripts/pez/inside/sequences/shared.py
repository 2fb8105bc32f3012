"""Subspaces of probe sequences (table 3): do two variables share more than chance gives them?"""

from collections.abc import Iterator

import pandas as pd

from pez.emergence.facts import ModelFacts
from pez.inside.judged import Answer, ModelVerdict, Number, is_published, number_of
from pez.inside.sequences.arms import OTHER, SAME
from pez.inside.sequences.beside import Beside, is_own, over_splits, spread_of
from pez.inside.sequences.variables import DIRECTION, SPEED
from pez.inside.wording import number, number_range

_LEVEL = 0.05
_PAIR = ["variable", "against"]


def judge_overlap(own: Beside, haar: int, facts: ModelFacts) -> tuple[pd.DataFrame, ModelVerdict]:
    """What table 3 holds of a model, and what is said of it.

    Args:
        own: its tables.
        haar: random subspaces that each was compared with.
        facts: what is known of the model.
    """
    rows = own.of("overlap")
    answer, reason = _answer(rows, haar)
    verdict = ModelVerdict(
        model=own.model,
        weights=facts.weights,
        reproduction=is_published(facts),
        question=(
            "Do probes of direction and of speed, fitted to clips that have none in common, span "
            "subspaces that share more than random ones of their dimensions?"
        ),
        answer=answer,
        reason=reason,
        statements=tuple(_statements(own, rows)),
        numbers=tuple(_numbers(own, rows)),
    )
    return over_splits(rows.drop(columns=["what", "number"])), verdict


def _answer(rows: pd.DataFrame, haar: int) -> tuple[Answer, str]:
    """By overlap, over states and solvers (Bonferroni), where every draw of clips says so."""
    states, solvers = rows["state"].nunique(), rows["solver"].nunique()
    tests = states * solvers
    if tests / (1 + haar) >= _LEVEL:
        return "undecided", (
            f"{tests} comparisons with {haar} random subspaces each cannot reach {_LEVEL:g} "
            "together: raise inside.*.haar."
        )
    trained = rows[is_own(rows)]
    beyond = _beyond(trained, DIRECTION, SPEED, tests)
    others = _untrained(rows, DIRECTION, SPEED, tests)
    if beyond:
        return "yes", (
            f"beyond chance at {beyond} of {tests} combinations of state and solver (corrected for "
            f"all){others}."
        )
    seen = [_beyond(trained, one, one, tests) for one in (DIRECTION, SPEED)]
    control = (
        f"direction meets itself, from other clips, beyond chance at {seen[0]} of them, speed "
        f"at {seen[1]}"
    )
    if all(seen):
        return (
            "no",
            f"at none of {tests} combinations of state and solver{others}, while {control}.",
        )
    return "undecided", (
        f"at none of {tests} combinations of state and solver{others}; but {control}: sequences of "
        "one variable are not found again either."
    )


def _beyond(rows: pd.DataFrame, one: str, other: str, tests: int) -> int:
    """States and solvers at which all draws overlap beyond chance, corrected for ``tests``."""
    largest = _of(rows, one, other, "p").groupby(["solver", "state"])["value"].max()
    return int((largest * tests < _LEVEL).sum())


def _untrained(rows: pd.DataFrame, one: str, other: str, tests: int) -> str:
    found = [
        _beyond(network, one, other, tests)
        for _, network in rows[rows["control"] == "untrained"].groupby("seed")
    ]
    return f"; in untrained networks at {number_range(found, '.0f')}" if found else ""


def _statements(own: Beside, rows: pd.DataFrame) -> Iterator[str]:
    trained = rows[is_own(rows)]
    pairs = trained[_PAIR].drop_duplicates().itertuples(index=False)
    for one, other in pairs:
        arm = OTHER if one == other else SAME
        here = trained[trained["state"] == own.near]
        for solver in trained["solver"].unique():
            told = {
                name: spread_of(found["value"]).value
                for name in (
                    "dimensions", "other_dimensions", "mean_angle", "haar_mean_angle",
                    "smallest_angle", "haar_smallest_angle", "share_of_second", "chance",
                )
                if len(found := _chosen(here, one, other, name, arm, solver))
            }  # fmt: skip
            z = _chosen(trained, one, other, "z_overlap", arm, solver)["value"].dropna()
            if not told:
                continue
            named = f"{one} and {other}" if one != other else f"{one} from two halves of the clips"
            yield (
                f"{named.capitalize()}, {solver}, state {own.near}: {number(told['dimensions'], '.0f')}"
                f" and {number(told['other_dimensions'], '.0f')} dimensions, mean angle "
                f"{number(told['mean_angle'], '.1f')} degrees (random "
                f"{number(told['haar_mean_angle'], '.1f')}), smallest "
                f"{number(told['smallest_angle'], '.1f')} "
                f"(random {number(told['haar_smallest_angle'], '.1f')}), overlap "
                f"{number(told['share_of_second'], '.3f')} (chance {number(told['chance'], '.3f')})"
                + (f"; z over all states {number_range(z.to_numpy(), '.1f')}." if len(z) else ".")
            )


def _numbers(own: Beside, rows: pd.DataFrame) -> Iterator[Number]:
    here = rows[is_own(rows) & (rows["state"] == own.near) & (rows["metric"] == "z_overlap")]
    for key, found in here.groupby([*_PAIR, "solver", "arm"], sort=False):
        values = found["value"].dropna()
        if len(values):
            yield number_of(f"z of the overlap: {', '.join(map(str, key))}", spread_of(values))


def _of(rows: pd.DataFrame, one: str, other: str, metric: str) -> pd.DataFrame:
    chosen = (rows["variable"] == one) & (rows["against"] == other) & (rows["metric"] == metric)
    return rows[chosen & (rows["arm"] == OTHER)]


def _chosen(
    rows: pd.DataFrame, one: str, other: str, metric: str, arm: str, solver: str
) -> pd.DataFrame:
    chosen = (rows["variable"] == one) & (rows["against"] == other) & (rows["metric"] == metric)
    return rows[chosen & (rows["arm"] == arm) & (rows["solver"] == solver)]
