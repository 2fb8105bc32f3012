"""Subspaces of probe sequences (table 3): do two variables share more than chance gives them?"""

from collections.abc import Iterator

import pandas as pd

from pez.emergence.facts import ModelFacts
from pez.inside.judged import Answer, ModelVerdict, Number, number_of, said_of
from pez.inside.sequences.beside import Beside, is_own, over_splits, spread_of
from pez.inside.sequences.names import DIRECTION, OTHER, SAME, SPEED
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
    verdict = said_of(
        own.model,
        facts,
        question=(
            "Do probes of direction and of speed, fitted to clips that have none in common, span "
            "subspaces that share more than random ones of their dimensions?"
        ),
        answer=answer,
        reason=reason,
        statements=_statements(own, rows),
        numbers=_numbers(own, rows),
    )
    return over_splits(rows.drop(columns=["what", "number"])), verdict


def _answer(rows: pd.DataFrame, haar: int) -> tuple[Answer, str]:
    """By overlap, over states and solvers (Bonferroni), where every draw of clips says so.

    ``yes`` if at more of them than in any untrained network, ``no`` if at none.
    """
    states, solvers = rows["state"].nunique(), rows["solver"].nunique()
    tests = states * solvers
    if tests / (1 + haar) >= _LEVEL:
        return "undecided", (
            f"{tests} comparisons with {haar} random subspaces each cannot reach {_LEVEL:g} "
            "together: raise inside.*.haar."
        )
    trained = rows[is_own(rows)]
    beyond = _beyond(trained, DIRECTION, SPEED, tests)
    beside = _untrained(rows, tests)
    others = f"; in untrained networks at {number_range(beside, '.0f')}" if beside else ""
    if beyond:
        told = f"beyond chance at {beyond} of {tests} combinations of state and solver{others}"
        if not beside:
            return "undecided", f"{told}; no untrained network stands beside it."
        more = beyond > max(beside)
        return ("yes", f"{told}.") if more else ("undecided", f"{told}, where nothing is learned.")
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


def _untrained(rows: pd.DataFrame, tests: int) -> list[int]:
    """The same of direction and speed in every untrained network."""
    untrained = rows[rows["control"] == "untrained"]
    return [_beyond(network, DIRECTION, SPEED, tests) for _, network in untrained.groupby("seed")]


def _statements(own: Beside, rows: pd.DataFrame) -> Iterator[str]:
    yield (
        "Random subspaces lie anywhere; ridge probes lie where features vary most, and share more "
        "for that alone: untrained networks tell how much."
    )
    trained = rows[is_own(rows)]
    for one, other in trained[_PAIR].drop_duplicates().itertuples(index=False):
        of_pair = trained[(trained["variable"] == one) & (trained["against"] == other)]
        of_pair = of_pair[of_pair["arm"] == (OTHER if one == other else SAME)]
        named = f"{one} and {other}" if one != other else f"{one} from two halves of the clips"
        for solver, found in of_pair.groupby("solver", sort=False):
            here = found[found["state"] == own.near].groupby("metric")["value"].median()
            z = found.loc[found["metric"] == "z_overlap", "value"].dropna().to_numpy()
            over = f"; z over all states {number_range(z, '.1f')}" if len(z) else ""
            yield f"{named.capitalize()}, {solver}, state {own.near}: {_angles(here)}{over}."
            if "mean_angle_within" in here:
                yield (
                    "The same where features are whitened within conditions: mean angle "
                    f"{number(here['mean_angle_within'], '.1f')}, smallest "
                    f"{number(here['smallest_angle_within'], '.1f')} degrees{_z(here)}."
                )


def _angles(found: pd.Series) -> str:
    """Dimensions, angles and overlap of two subspaces, each beside that of random ones."""
    first, second = (number(found[name], ".0f") for name in ("dimensions", "other_dimensions"))
    mean, smallest = (
        f"{number(found[name], '.1f')} degrees (random {number(found[f'haar_{name}'], '.1f')})"
        for name in ("mean_angle", "smallest_angle")
    )
    overlap, chance = (number(found[name], ".3f") for name in ("share_of_second", "chance"))
    return (
        f"{first} and {second} dimensions, mean angle {mean}, smallest {smallest}, overlap "
        f"{overlap} (chance {chance})"
    )


def _z(found: pd.Series) -> str:
    """z of the overlap in whitened features; nothing where subspaces fill the space."""
    value = found.get("z_overlap_within", float("nan"))
    return f", z {number(value, '.1f')}" if pd.notna(value) else ""


def _numbers(own: Beside, rows: pd.DataFrame) -> Iterator[Number]:
    here = rows[is_own(rows) & (rows["state"] == own.near) & (rows["metric"] == "z_overlap")]
    for key, found in here.groupby([*_PAIR, "solver", "arm"], sort=False):
        values = found["value"].dropna()
        if len(values):
            yield number_of(f"z of the overlap: {', '.join(map(str, key))}", spread_of(values))


def _of(rows: pd.DataFrame, one: str, other: str, metric: str) -> pd.DataFrame:
    chosen = (rows["variable"] == one) & (rows["against"] == other) & (rows["metric"] == metric)
    return rows[chosen & (rows["arm"] == OTHER)]
