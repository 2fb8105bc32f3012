"""Tolerances of the reference tables, from measured spread.

    python benchmarks/reference_tolerances.py           # prints what would change
    python benchmarks/reference_tolerances.py --write   # into resources/reference/*.csv

The rules, and why they are these, stand in resources/reference/README.md. The spread over folds and
over starts is that of the third party's code on features of the embedded model
(tests/probes/parity/third_party_r2.csv, started as that code does and at zero). For direction alone
the deviations over folds of the third party's own curve are known, and are taken.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "workflow_scripts"))

from pez.emergence.steps import find_step  # noqa: E402

SPREAD = CHECKOUT / "tests" / "probes" / "parity" / "third_party_r2.csv"
REFERENCE = CHECKOUT / "resources" / "reference"
THIRD_PARTY, PAPER = REFERENCE / "third_party.csv", REFERENCE / "paper_readings.csv"

FOLDS = 5
SCENES = 90  # of the public IntPhys development set
# Standard deviation over the folds of the third party's own direction curve, by layer.
DIRECTION_FOLDS = {0: 0.28, 8: 0.12}
READING = {"R2": 0.03, "accuracy": 0.05}  # of a plot, at best: who read them says so
# Direction curves as their sources give them, linear between these layers.
DIRECTION_CURVES = {
    THIRD_PARTY: {
        0: 0.33, 1: 0.44, 2: 0.47, 3: 0.45, 4: 0.53, 5: 0.55, 6: 0.51, 7: 0.57, 8: 0.82,
        9: 0.81, 10: 0.78, 11: 0.84, 12: 0.86, 16: 0.876, 23: 0.835,
    },
    PAPER: {0: 0.22, 1: 0.585, 7: 0.585, 8: 0.93, 23: 0.925},
}  # fmt: skip
ONSET_DRAWS = 4000


def score_tolerance(spread: pd.DataFrame, variable: str, quantity: str) -> tuple[float, str]:
    """Two standard errors of the difference of two means over folds, for a motion variable."""
    layers = sorted(spread.loc[spread["variable"] == variable, "layer"].unique())
    layer = layers[0] if quantity == "first" else layers[-1]
    folds, starts = _deviations(spread, variable, layer)
    whose = f"third party's code, embedded model, layer {layer}"
    if variable == "direction":
        layer = 0 if quantity == "first" else 8
        folds = DIRECTION_FOLDS[layer]
        whose = f"third party's own curve, layer {layer}"
    tolerance = 2 * np.sqrt(2 * (folds**2 / FOLDS + starts**2))
    words = f"2 s.e. of a difference: s.d. {folds:.3f} over {FOLDS} folds ({whose})"
    return float(tolerance), f"{words}, {starts:.3f} over starts"


def _deviations(spread: pd.DataFrame, variable: str, layer: int) -> tuple[float, float]:
    """Deviation over folds, and that of the mean between two starts (from their difference)."""
    rows = spread[(spread["variable"] == variable) & (spread["layer"] == layer)]
    folds = rows.pivot(index="fold", columns="start", values="r2")
    means = folds.mean()
    return float(folds["pytorch"].std()), abs(means["pytorch"] - means["zero"]) / np.sqrt(2)


def movie_tolerance(accuracy: float) -> tuple[float, str]:
    """Two binomial standard errors of an accuracy over the scenes.

    Two right and two wrong answers are added, or an accuracy of 1 would have no error (A. Agresti
    and B. Coull 1998).
    """
    answers = SCENES + 4
    share = (accuracy * SCENES + 2) / answers
    tolerance = 2 * np.sqrt(share * (1 - share) / answers)
    return float(tolerance), f"2 binomial s.e. over {SCENES} scenes"


def onset_tolerance(table: Path) -> tuple[float, str]:
    """Layers by which two onsets of the source's curve differ at most in 95 % of draws."""
    points = DIRECTION_CURVES[table]
    curve = np.interp(np.arange(24), list(points), list(points.values()))
    error = np.where(np.arange(24) == 0, DIRECTION_FOLDS[0], DIRECTION_FOLDS[8]) / np.sqrt(FOLDS)
    drawn = curve + np.random.default_rng(0).normal(0, error, (2 * ONSET_DRAWS, 24))
    steps = [find_step(scores) for scores in drawn]
    onsets = np.array([np.nan if step is None else step.layer for step in steps])
    apart = float(np.quantile(np.abs(onsets[:ONSET_DRAWS] - onsets[ONSET_DRAWS:]), 0.95))
    words = f"95 % of pairs of draws of this curve with its s.e.: at most {apart:.0f} apart"
    if table == PAPER:
        return apart + 1, f"{words}; + 1: input or output of a block not stated"
    return apart, words


def with_tolerances(table: Path) -> pd.DataFrame:
    """The table with its columns ``tolerance`` and ``tolerance_source`` worked out anew."""
    spread, rows = pd.read_csv(SPREAD), pd.read_csv(table, dtype={"layer": "Int64"})
    found = [_of(table, spread, row) for row in rows.to_dict("records")]
    rows["tolerance"] = [round(tolerance, 3) for tolerance, _ in found]
    rows["tolerance_source"] = [source for _, source in found]
    return rows[[name for name in rows if name != "source"] + ["source"]]


def _of(table: Path, spread: pd.DataFrame, row: dict) -> tuple[float, str]:
    if row["quantity"] == "onset":
        return onset_tolerance(table)
    is_accuracy = row["variable"].endswith("accuracy")
    if is_accuracy:
        tolerance, source = movie_tolerance(row["value"])
    else:
        tolerance, source = score_tolerance(spread, row["variable"], row["quantity"])
    if table == PAPER:
        reading = READING["accuracy" if is_accuracy else "R2"]
        return tolerance + reading, f"{source}; + {reading} reading error"
    return tolerance, source


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the tables")
    write = parser.parse_args().write
    for table in (THIRD_PARTY, PAPER):
        before, after = pd.read_csv(table), with_tolerances(table)
        changed = after[before["tolerance"].to_numpy() != after["tolerance"].to_numpy()]
        print(f"{table.name}: {len(changed)} of {len(after)} tolerances differ")
        if len(changed):
            columns = ["model", "variable", "quantity", "layer", "value", "tolerance"]
            print(changed[columns].to_string(index=False))
        if write:
            after.to_csv(table, index=False)


if __name__ == "__main__":
    main()
