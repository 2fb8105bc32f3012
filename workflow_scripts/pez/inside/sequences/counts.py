"""Numbers of orthogonal probes by state (figure 22), and whether they are a dimension."""

from collections.abc import Iterator

import pandas as pd

from pez.emergence.facts import ModelFacts
from pez.inside.judged import Answer, ModelVerdict, Number, number_of, said_of
from pez.inside.kinds.probe_sequences import Rule
from pez.inside.sequences.beside import Beside, is_own, over_splits, spread_of
from pez.inside.sequences.names import DIRECTION, PROBES, RANDOM, SHUFFLED, WHITENED
from pez.inside.sequences.stopping import LIMITS, METRIC, probes_until
from pez.inside.tables import WHOSE
from pez.inside.wording import number, number_range

_ONE = ["variable", "solver", "arm", "state", "split"]
_CLOSE = 1  # probes: counts that differ by no more are the same
_OUTPUTS = {DIRECTION: 2}  # dimensions that a probe takes out; of others 1
_IN_WORDS = {"appendix": "the appendix' rule", "caption": "the rule of figure 22"}


def counts_of(own: Beside) -> pd.DataFrame:
    """Numbers of probes up to where a sequence stops, for every draw of clips.

    Returns:
        `WHOSE`, ``rule``, ``variable``, ``solver``, ``arm``, ``state``, ``split``, ``value``, and
        ``at_least``: all probes of the sequence read, or what they take out is all there is.
    """
    rows = own.of("score")
    parts = []
    for key, one in rows.groupby([*WHOSE, *_ONE], sort=False, dropna=False):
        told = dict(zip([*WHOSE, *_ONE], key, strict=True))
        table = one.pivot(index="number", columns="metric", values="value").sort_index()
        metrics = {str(name): table[name].to_numpy() for name in table}
        variable = str(told["variable"])
        for rule in LIMITS:
            count, all_read = probes_until(variable, metrics, rule)
            taken = int(count) * _OUTPUTS.get(variable, 1)
            at_least = bool(all_read) or taken >= own.span
            parts.append({**told, "rule": rule, "value": int(count), "at_least": at_least})
    found = pd.DataFrame(parts)
    found["seed"] = found["seed"].astype("Int64")
    return found[[*WHOSE, "rule", *_ONE, "value", "at_least"]]


def judge_counts(own: Beside, facts: ModelFacts) -> tuple[pd.DataFrame, ModelVerdict]:
    """What figure 22 shows of a model, and what is said of it."""
    counts = counts_of(own)
    here = counts[is_own(counts) & (counts["state"] == own.near)]
    answer, reason = _answer(here)
    verdict = said_of(
        own.model,
        facts,
        question=(
            "Is the number of orthogonal probes that read direction a dimension of its code: the "
            "same when features are whitened, which keeps all that is linearly readable (ridge "
            f"probes, state {own.near})?"
        ),
        answer=answer,
        reason=reason,
        statements=_statements(own, counts),
        numbers=_numbers(here),
    )
    return over_splits(counts), verdict


def _answer(here: pd.DataFrame) -> tuple[Answer, str]:
    """``no`` if whitening halves the count in every draw, ``yes`` if it changes it in none."""
    pairs = {}
    for rule in LIMITS:
        ridge = _of(here, DIRECTION, "ridge", rule)
        wide = ridge.pivot(index="split", columns="arm", values="value")
        pairs[rule] = wide[[PROBES, WHITENED]].dropna()
    if any((wide == 0).any(axis=None) for wide in pairs.values()):
        return "undecided", "in some draw not even the first probe reads direction."
    told = "; ".join(
        f"by {_IN_WORDS[rule]} {_range(wide[PROBES])} probes, whitened {_range(wide[WHITENED])}"
        for rule, wide in pairs.items()
    )
    if all((2 * wide[WHITENED] <= wide[PROBES]).all() for wide in pairs.values()):
        return "no", f"{told}."
    if all(((wide[WHITENED] - wide[PROBES]).abs() <= _CLOSE).all() for wide in pairs.values()):
        return "yes", f"{told}."
    return "undecided", f"{told}."


def _statements(own: Beside, counts: pd.DataFrame) -> Iterator[str]:
    trained = counts[is_own(counts)]
    for variable in trained["variable"].unique():
        parts = []
        for rule in LIMITS:
            told = [
                f"{solver} {_told(rows[rows['state'] == own.near])} (state 0: "
                f"{_told(rows[rows['state'] == 0])}, last: "
                f"{_told(rows[rows['state'] == own.states - 1])})"
                for solver, rows in _probes(trained, variable, rule).groupby("solver", sort=False)
            ]
            parts.append(f"by {_IN_WORDS[rule]} {', '.join(told)}")
        yield f"Probes of {variable} at state {own.near}, {'; '.join(parts)}."
    others = counts[(counts["control"] == "untrained") & (counts["state"] == own.near)]
    for variable in others["variable"].unique():
        told = [
            f"{solver} {_told(rows)}"
            for solver, rows in _probes(others, variable, "appendix").groupby("solver", sort=False)
        ]
        yield f"In untrained networks there, {variable} by the appendix' rule: {', '.join(told)}."
    shuffled = trained[(trained["arm"] == SHUFFLED) & (trained["rule"] == "appendix")]
    if len(shuffled):
        yield f"With shuffled labels, over all states: at most {int(shuffled['value'].max())}."
    yield from _random(own, trained)


def _random(own: Beside, trained: pd.DataFrame) -> Iterator[str]:
    """What is read after as many random directions are taken out as probes were."""
    scores = own.of("score")
    scores = scores[is_own(scores) & (scores["state"] == own.near) & (scores["arm"] == RANDOM)]
    here = trained[trained["state"] == own.near]
    for variable in scores["variable"].unique():
        stop = spread_of(_of(here, variable, "ridge", "appendix", PROBES)["value"]).value
        rows = scores[(scores["variable"] == variable) & (scores["metric"] == METRIC[variable])]
        place = min(int(stop), int(rows["number"].max()))
        left = rows.loc[rows["number"] == place, "value"]
        unit = {"r2": "R2 ", "accuracy": "accuracy "}[METRIC[variable]]
        yield (
            f"With as many random directions taken out as {place} probes have, {variable} is read "
            f"with {unit}{number_range(left.to_numpy(), '.2f')}."
        )


def _numbers(here: pd.DataFrame) -> Iterator[Number]:
    chosen = here[(here["variable"] == DIRECTION) & here["arm"].isin((PROBES, WHITENED))]
    for key, rows in chosen.groupby(["rule", "solver", "arm"], sort=False):
        yield number_of(
            f"direction: {', '.join(map(str, key))}", spread_of(rows["value"]), "probes"
        )


def _of(
    counts: pd.DataFrame, variable: str, solver: str, rule: Rule, arm: str | None = None
) -> pd.DataFrame:
    chosen = (counts["variable"] == variable) & (counts["solver"] == solver)
    chosen &= counts["rule"] == rule
    return counts[chosen if arm is None else chosen & (counts["arm"] == arm)]


def _probes(counts: pd.DataFrame, variable: str, rule: Rule) -> pd.DataFrame:
    chosen = (counts["variable"] == variable) & (counts["rule"] == rule)
    return counts[chosen & (counts["arm"] == PROBES)]


def _told(rows: pd.DataFrame) -> str:
    least = "at least " if rows["at_least"].any() else ""
    return f"{least}{number(rows['value'].median(), 'g')} [{_range(rows['value'])}]"


def _range(values: pd.Series) -> str:
    return number_range(values.to_numpy(), ".0f")
