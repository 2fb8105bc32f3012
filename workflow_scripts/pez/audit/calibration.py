"""How often verdicts and onset rules are right on planted networks."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import beta

from pez.audit.claims.registry import judge_all
from pez.audit.ledger import Rates
from pez.audit.measure_planted import measure_planted
from pez.audit.measure_primary import PrimarySettings
from pez.audit.planted.build import untrained
from pez.audit.planted.courses import state_at
from pez.audit.planted.planted import Network, PlantedKind, noisier
from pez.audit.primary import Curve, PrimaryEvidence
from pez.estimands.half_rise import half_rise
from pez.estimands.landmarks import noise_floor
from pez.estimands.logistic import logistic_inflection
from pez.estimands.step import step

ANSWERS = ("yes", "no", "undecided")
LEVEL = 0.9  # of the binomial intervals
# Rules whose onset is compared with where direction's score was planted to step. A logistic curve
# inflects half a state before the state that it steps to.
RULES = {"step": step, "half_rise": half_rise, "logistic_inflection": logistic_inflection}
_WITHIN = 1.0  # states
_UNSEEN = 1  # criteria were made with networks of stream 0 in view: these are others


@dataclass(frozen=True)
class CalibrationSettings:
    """How many planted networks are drawn, and how they look.

    Attributes:
        runs: networks of each kind and noise.
        blocks: number of blocks L.
        untrained: untrained networks beside each.
        noise: variances of the white noise that is added to every feature (theirs is 1).
        seed: of the first run.
        draws: bootstrap draws, at most; they cost little, but p is 1 / (1 + draws) at least, and
            Holm's adjustment asks .05 / 9 of it.
        permutations: of the labels, at most: they set no more than the floor of an onset, and a
            thousand cost twenty times as much as all else.
    """

    runs: int
    blocks: int = 12
    untrained: int = 5
    noise: tuple[float, ...] = (0.0, 2.0)
    seed: int = 0
    draws: int = 500
    permutations: int = 20


def calibrate(
    kinds: Iterable[PlantedKind], settings: CalibrationSettings, primary: PrimarySettings
) -> pd.DataFrame:
    """Draw planted networks, judge them and count the verdicts.

    Args:
        kinds: see `pez.audit.planted.registry.PLANTED_KINDS`.
        settings: how many.
        primary: how they are read out and how finely.

    Returns:
        Table ``calibration``, see `tabulate`.
    """
    primary = replace(
        primary,
        draws=min(primary.draws, settings.draws),
        permutations=min(primary.permutations, settings.permutations),
    )
    kinds = list(kinds)
    rows = []
    for noise in settings.noise:
        for run in range(settings.runs):
            seeds = untrained_curves(noise, run, settings, primary)
            for kind in kinds:
                evidence = PrimaryEvidence(
                    kind.name,
                    measure_planted(draw(kind, noise, run, settings), primary),
                    {"untrained": seeds},
                )
                rows += [(_name(kind, noise), *row) for row in answers(kind, evidence)]
    return tabulate(rows)


def draw(kind: PlantedKind, noise: float, run: int, settings: CalibrationSettings) -> Network:
    """Draw the network of ``kind`` with this ``noise`` and number."""
    random = np.random.default_rng([_UNSEEN, settings.seed, run, *kind.name.encode()])
    network = kind.plant(random, settings.blocks)
    return noisier(network, random, noise) if noise > 0 else network


def untrained_curves(
    noise: float, run: int, settings: CalibrationSettings, primary: PrimarySettings
) -> list[dict[str, Curve]]:
    """Curves of untrained networks; all kinds of one run share them, to save time."""
    found = []
    for seed in range(settings.untrained):
        random = np.random.default_rng([_UNSEEN, settings.seed, run, seed])
        network = untrained(random, settings.blocks)
        network = noisier(network, random, noise) if noise > 0 else network
        found.append(measure_planted(network, primary, permuted=False))
    return found


def answers(kind: PlantedKind, evidence: PrimaryEvidence) -> list[tuple[str, str, str]]:
    """Criterion, truth and answer of every claim and of every rule for an onset."""
    found = judge_all(evidence)
    claims = [(name, kind.truth.get(name) or "none", one.verdict) for name, one in found.items()]
    return claims + _onsets(kind, evidence)


def _onsets(kind: PlantedKind, evidence: PrimaryEvidence) -> list[tuple[str, str, str]]:
    """Whether each of `RULES` finds the planted step (yes), another (no) or none (undecided)."""
    curve = evidence.trained["direction"]
    truth = "no" if not kind.rises else "none" if kind.step is None else "yes"
    at = state_at(kind.step or 0.0, evidence.blocks)
    rows = []
    for name, rule in RULES.items():
        found = float(rule(curve.scores, noise_floor(curve.permuted)))
        if np.isnan(found):
            answer = "undecided" if kind.rises else "no"
        else:
            answer = "yes" if abs(found - at) <= _WITHIN or not kind.rises else "no"
        rows.append((name, truth, answer))
    return rows


def tabulate(rows: Sequence[tuple[str, str, str, str]]) -> pd.DataFrame:
    """Count answers by planted kind, criterion and truth.

    Args:
        rows: planted, criterion, truth and answer of every run.

    Returns:
        Columns planted, criterion, truth, yes, no, undecided, runs, and ``{answer}_rate``,
        ``{answer}_low`` and ``{answer}_high``: shares with binomial intervals of `LEVEL`.
    """
    counted: dict[tuple[str, str, str], Counter[str]] = {}
    for planted, criterion, truth, answer in rows:
        counted.setdefault((planted, criterion, truth), Counter())[answer] += 1
    table = []
    for (planted, criterion, truth), counts in counted.items():
        runs = counts.total()
        row: dict[str, object] = {"planted": planted, "criterion": criterion, "truth": truth}
        row |= {answer: counts[answer] for answer in ANSWERS}
        row["runs"] = runs
        for answer in ANSWERS:
            low, high = binomial_interval(counts[answer], runs)
            row |= {
                f"{answer}_rate": counts[answer] / runs,
                f"{answer}_low": low,
                f"{answer}_high": high,
            }
        table.append(row)
    return pd.DataFrame(table)


def criterion_rates(table: pd.DataFrame) -> Mapping[str, Rates]:
    """Rates of every criterion of a ``calibration`` table, over all planted kinds."""
    return {str(name): _rates(rows) for name, rows in table.groupby("criterion", sort=False)}


def _rates(rows: pd.DataFrame) -> Rates:
    wrong, right = rows[rows["truth"] == "no"], rows[rows["truth"] == "yes"]
    return Rates(
        false_positive_rate=_share(wrong, "yes"),
        detection_rate=_share(right, "yes"),
        false_negative_rate=_share(right, "no"),
        runs=int(wrong["runs"].sum() + right["runs"].sum()),
    )


def _share(rows: pd.DataFrame, answer: str) -> float | None:
    runs = int(rows["runs"].sum())
    return float(rows[answer].sum() / runs) if runs else None


def binomial_interval(hits: int, runs: int, level: float = LEVEL) -> tuple[float, float]:
    """Exact interval of a rate (C. Clopper and E. Pearson 1934)."""
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, hits, runs - hits + 1)) if hits > 0 else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, runs - hits)) if hits < runs else 1.0
    return low, high


def _name(kind: PlantedKind, noise: float) -> str:
    return kind.name if noise == 0 else f"{kind.name}, noise {noise:g}"
