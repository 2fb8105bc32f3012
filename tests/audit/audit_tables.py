"""Tables that the pictures of the audit draw, made of the synthetic audit."""

from functools import cache

import numpy as np
import pandas as pd
from synthetic_audit import (
    BLOCKS,
    LEVELS,
    MODEL,
    synthetic_calibration,
    synthetic_estimands,
    synthetic_scores,
)

from pez.audit.across_cells import cell_statistics, summarise_cells
from pez.audit.clips_by_state import clips_by_state
from pez.audit.forest import forest_table
from pez.audit.ledger import AcrossCells, ClaimEntry, ModelEntry, claim_entry, entries
from pez.audit.optimism import optimism as optimism_of
from pez.audit.optimism import optimism_by_clips
from pez.audit.outcomes import gains, outcomes
from pez.audit.shares import OUTCOMES, variance_shares
from pez.audit.specification import specification_curve, states_by_rank
from pez.figures.audit.sheet import Made

MADE = Made(MODEL, "12 blocks, embedded weights, trained by this project", "392 velocity clips", 3)


@cache
def scores() -> pd.DataFrame:
    return synthetic_scores(seeds=3)


@cache
def estimands() -> pd.DataFrame:
    return synthetic_estimands(scores())


@cache
def cells() -> pd.DataFrame:
    return outcomes(estimands(), scores())


def few_cells() -> pd.DataFrame:
    """Estimands of 60 cells, those grouped by direction without an onset."""
    kept = estimands()
    few = kept[
        (kept["fold_seed"] == 0)
        & (kept["selection"] == "nested")
        & (kept["target"] == "direction_sincos")
    ].copy()
    few.loc[few["grouping"] == "direction", ["value", "low", "high"]] = np.nan
    return few


def specification() -> dict[str, pd.DataFrame]:
    return {
        "specification": specification_curve(estimands(), BLOCKS, "direction", MODEL),
        "specification_few": specification_curve(few_cells(), BLOCKS, "direction", MODEL),
    }


def states() -> dict[str, pd.DataFrame]:
    curves, gained = specification(), gains(scores())
    alone = gains(scores()[scores()["control"] == "none"])
    return {
        "states": states_by_rank(gained, curves["specification"]),
        "states_few": states_by_rank(alone, curves["specification_few"]),
    }


def shares() -> dict[str, pd.DataFrame]:
    own = cells()[(cells()["control"] == "none") & (cells()["variable"] == "direction")]
    lost = own.copy()
    lost.loc[lost["grouping"] == "video", ["half_rise_depth", "has_onset"]] = [np.nan, 0.0]
    generator = np.random.default_rng(3)
    found = {}
    for name, rows in (("shares", own), ("shares_without_onsets", lost)):
        tables = []
        for outcome in OUTCOMES:
            values = rows[outcome].to_numpy()
            scale = 0.02 if outcome != "has_onset" else 0.0
            draws = values + scale * generator.normal(size=(60, len(values)))
            table = variance_shares(rows, outcome, draws)
            tables.append(table.assign(variable="direction", outcome=outcome))
        found[name] = pd.concat(tables, ignore_index=True)
    return found


def claim(number: int, value: float | None, interval: tuple | None, **more: object) -> ClaimEntry:
    found = {
        "id": f"C{number}", "statement": f"claim {number}", "estimand": "an estimand",
        "value": value, "interval": interval, "null": {}, "verdict": "undecided",
        "reason": "because", "p": None, "holm_p": None,
    }  # fmt: skip
    return claim_entry({**found, **more})


def model_entry() -> ModelEntry:
    """All claims, one of them not measured, one with an open interval."""
    claims = (
        claim(1, 0.34, (0.29, 0.41), verdict="no", p=0.04, holm_p=0.12,
              null={"ramp_quantile_95": 0.31, "abrupt": 1 / 3}),
        claim(2, 0.33, (0.25, 0.42), verdict="yes", p=0.001, holm_p=0.009),
        claim(3, 2.0, (1.0, 3.0), verdict="yes", p=0.0005, holm_p=0.0009),
        claim(4, 0.62, (0.58, 0.66), verdict="yes", p=0.002, holm_p=0.016,
              null={"untrained_peak_mean": 0.28, "untrained_peak_limit": 0.34}),
        claim(5, -1.0, (-4.0, 1.0), p=0.3, holm_p=0.9),
        claim(6, 0.05, (0.01, 0.09), verdict="yes", p=0.006, holm_p=0.036),
        claim(7, 1.0, (0.0, float("inf")), p=0.08, holm_p=0.32),
        claim(8, 0.0, (-1.0, 0.5), verdict="yes", p=0.004, holm_p=0.028),
        claim(9, 3.0, (2.0, 6.0), verdict="no", p=0.97, holm_p=1.0),
        claim(10, None, None),
    )  # fmt: skip
    across = summarise_cells(cell_statistics(cells()), MODEL)
    return ModelEntry(
        weights=MADE.weights, blocks=BLOCKS, clips=MADE.clips, primary={"pooling": "mean"},
        cells=720, untrained_seeds=3, claims=claims, across_cells=entries(AcrossCells, across),
    )  # fmt: skip


def claims() -> dict[str, pd.DataFrame]:
    return {"claims": forest_table(model_entry())}


@cache
def scores_by_clips() -> pd.DataFrame:
    return synthetic_scores(
        seeds=3,
        clips=(60, 120, 200, None),
        variables=("direction", "speed"),
        levels={**LEVELS, "fold_seed": (0,)},
    )


def clips_needed() -> dict[str, pd.DataFrame]:
    found = clips_by_state(scores_by_clips(), {"velocity": 314})
    nested = found[found["selection"] == "nested"].reset_index(drop=True)
    own = nested[nested["control"] == "none"]
    many = [own[own["variable"] == "speed"].assign(variable=f"variable_{i}") for i in range(6)]
    return {"clips_needed": nested, "clips_needed_many": pd.concat(many, ignore_index=True)}


def optimism() -> dict[str, pd.DataFrame]:
    found = optimism_of(scores_by_clips())
    own = found[found["variable"] == "direction"]
    other = own.assign(solver="trainable", mean=own["mean"] * 1.8, low=own["low"] * 1.8,
                       high=own["high"] * 1.8)  # fmt: skip
    deviations = {clips: 1.1 / clips**0.7 for clips in (60, 120, 200, 314)}
    both = pd.concat([own, other], ignore_index=True)
    return {
        "optimism": optimism_by_clips(both, 314, deviations).assign(variable="direction"),
        "optimism_alone": optimism_by_clips(own, 314).assign(variable="direction"),
    }


def calibration() -> dict[str, pd.DataFrame]:
    whole = synthetic_calibration()
    return {
        "calibration": whole,
        "calibration_few": whole[whole["criterion"].isin(("C1", "C2", "C5"))],
    }


def made_of(picture: str) -> Made:
    """Whose curves ``picture`` shows."""
    planted = Made("planted networks", "features with known answers, no weights", "392 clips")
    return planted if picture == "calibration" else MADE


@cache
def tables(picture: str) -> list[tuple[str, pd.DataFrame]]:
    """Tables for ``picture``, each with a name."""
    return list(globals()[picture]().items())
