"""Optimism: how much better a curve looks when settings are picked on the clips that are reported.

Validation selection picks step and setting on the reported fold, nested selection on an inner split
of the training folds. Their difference in otherwise equal cells is what the choice bought; beside
it stands what picking the best of correlated settings buys by luck alone.
"""

from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np
import pandas as pd

from pez.audit.outcomes import ALL_CLIPS, NETWORK, as_level, need

SETTINGS = 20  # of the trainable solver's grid: 5 learning rates x 4 weight decays
CORRELATIONS = (0.5, 0.9, 0.99)  # of settings' scores: what is not known is drawn for several
_SAME = ("dataset", "variable", "target", "pooling", "grouping", "normalisation", "fold_seed")
_POINTS = 20_000  # of the quadrature: errors below 1e-3 of a standard deviation


def expected_maximum(settings: int, correlation: float = 0.0) -> float:
    """Expected maximum of equally correlated standard normal scores, in standard deviations.

    With correlation rho every score is sqrt(rho) Z + sqrt(1 - rho) Z_i, and what all share is no
    matter of choice, so that the maximum is sqrt(1 - rho) times that of independent ones (Owen and
    Steck 1962; David and Nagaraja, Order Statistics, 3rd ed., section 5.3): the integral of the
    normal quantile of u^(1/k) over u from 0 to 1, here by the midpoint rule.

    Args:
        settings: number of scores k, at least 1.
        correlation: rho of any two of them, 0 to 1.
    """
    if settings < 1 or not 0 <= correlation <= 1:
        raise ValueError(f"{settings} settings of correlation {correlation}")
    normal = NormalDist()
    levels = ((np.arange(_POINTS) + 0.5) / _POINTS) ** (1 / settings)
    independent = float(np.mean([normal.inv_cdf(level) for level in levels]))
    return float(np.sqrt(1 - correlation)) * independent


def optimism(
    scores: pd.DataFrame, better: str = "validation", honest: str = "nested", level: float = 0.9
) -> pd.DataFrame:
    """Validation minus nested score, over pairs of curves that agree in everything else.

    Args:
        scores: one row per curve and state.
        better: the selection that looks at what it reports.
        honest: the one that does not.
        level: share of cells between ``low`` and ``high``.

    Returns:
        One row per network, variable, solver, number of clips and state: ``network`` .. ``seed``,
        variable, metric, solver, clips (text), state, mean, low, high (quantiles over cells, which
        are not independent: a spread and no confidence interval), cells.
    """
    need(scores, (*NETWORK, *_SAME, "solver", "clips", "selection", "metric", "state", "score"),
         "scores")  # fmt: skip
    held = scores[scores["selection"].isin((better, honest))]
    held = held.assign(clips=as_level(held["clips"]), seed=held["seed"].astype("Int64"))
    key = [*NETWORK, *_SAME, "solver", "clips", "metric", "state"]
    one, other = (
        held[held["selection"] == name].set_index(key)["score"] for name in (better, honest)
    )
    pairs = one.to_frame("better").join(other.to_frame("honest"), how="inner")
    pairs["difference"] = pairs["better"] - pairs["honest"]
    place = [*NETWORK, "variable", "metric", "solver", "clips", "state"]
    grouped = pairs["difference"].groupby(place, dropna=False)
    tail = (1 - level) / 2
    found = grouped.agg(["mean", "size"]).rename(columns={"size": "cells"})
    found["low"], found["high"] = grouped.quantile(tail), grouped.quantile(1 - tail)
    return found.reset_index()[[*place, "mean", "low", "high", "cells"]]


def deviation_of_fold(low: float, high: float, folds: int, level: float = 0.9) -> float:
    """Standard deviation of one fold's score, from the interval of the score over all folds.

    A score pooled over folds averages them, so that one fold's deviation is sqrt(folds) times that
    of the whole, which the interval gives if draws are about normal.
    """
    half = NormalDist().inv_cdf(1 - (1 - level) / 2)
    return float(np.sqrt(folds)) * (high - low) / (2 * half)


def luck(
    deviation: float,
    settings: int = SETTINGS,
    correlations: Sequence[float] = CORRELATIONS,
) -> pd.DataFrame:
    """What picking the best of ``settings`` buys by luck, in scores.

    Args:
        deviation: standard deviation of one fold's score (`deviation_of_fold`).
        settings: number of settings among which the best is picked in every fold.
        correlations: of the settings' scores in a fold.

    Returns:
        One row per correlation: settings, correlation, deviation, expected.
    """
    rows = [
        (settings, rho, deviation, deviation * expected_maximum(settings, rho))
        for rho in correlations
    ]
    return pd.DataFrame(rows, columns=["settings", "correlation", "deviation", "expected"])


def optimism_by_clips(
    table: pd.DataFrame,
    all_clips: int,
    deviations: Mapping[int, float] | None = None,
    settings: int = SETTINGS,
) -> pd.DataFrame:
    """Optimism against the number of training clips, with what luck alone would make of it.

    Args:
        table: rows of `optimism`, of one variable.
        all_clips: number of training clips when none are left out.
        deviations: of one fold's score, by number of clips (`deviation_of_fold`); None: no luck.
        settings: number of settings among which the solver picks, see `luck`.

    Returns:
        ``kind`` measured: one row per control, solver and number: mean over states and seeds of
        mean, low and high. ``kind`` luck: one row per number and correlation. Columns kind,
        control, solver, clips, settings, correlation, mean, low, high, cells.
    """
    number = table["clips"].replace(ALL_CLIPS, str(all_clips)).astype(int)
    grouped = table.assign(clips=number).groupby(["control", "solver", "clips"], sort=False)
    measured = grouped[["mean", "low", "high"]].mean()
    measured["cells"] = grouped["cells"].max()
    tables = [measured.reset_index().assign(kind="measured", correlation=np.nan)]
    for clips, deviation in (deviations or {}).items():
        found = luck(deviation, settings).rename(columns={"expected": "mean"})
        tables.append(found.assign(kind="luck", clips=clips, control="", solver="", cells=0))
    columns = ["kind", "control", "solver", "clips", "settings", "correlation", "mean", "low",
               "high", "cells"]  # fmt: skip
    return pd.concat(tables, ignore_index=True).reindex(columns=columns)
