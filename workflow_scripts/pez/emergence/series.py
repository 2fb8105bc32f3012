"""The curves of a figure with what stands beside them: the table that pictures are drawn from."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from pez.emergence.chance import fair_coin_band
from pez.emergence.curves import Curve, pez_layer
from pez.emergence.figure_verdict import ModelVerdict
from pez.emergence.readout import Readout
from pez.emergence.reference import References, numbers_of
from pez.evidence.schema import ALL, NO_CONTROL

# kind: curve; pez (the marker); reference (single points); chance and ceiling (levels).
COLUMNS = (
    "model",
    "probe",
    "protocol",
    "selection",
    "control",  # of a curve: none (the model itself), or a name under controls
    "metric",
    "subset",
    "kind",
    "layer",
    "state",  # residual state that the layer reads: l for resid_pre, l + 1 for resid_post
    "depth",  # state over the number of blocks: 0 the patch embedding, 1 the last block's output
    "mean",  # score, mean over folds; of a reference, its value; NaN for the marker
    "std",  # sample standard deviation over folds
    "n_folds",
    "n_nan_folds",  # degenerate folds, left out of mean and std
    "band_low",  # of a curve, mean -+ std; of chance, where 95 % of fair coins fall
    "band_high",
    "tie_share",  # share of scenes that tie, counted as wrong in mean; NaN where none can
    "note",
)
MARKS = ("first", "at", "pez", "peak", "last")  # reference points that are drawn


def in_order(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Put parts of a figure's table together, with the columns `COLUMNS`."""
    filled = [part for part in parts if not part.empty]
    return pd.concat(filled, ignore_index=True).reindex(columns=list(COLUMNS))


def first_selections(readouts: Iterable[Readout]) -> list[Readout]:
    """One readout of those that differ in their selection alone: what they share is told once."""
    return [one for one in readouts if one.selection == one.recipe.spec.selections[0]]


def curve_rows(model: str, readout: Readout) -> pd.DataFrame:
    """The curves of ``readout``: controls first, the model's own last."""
    curves = {**readout.controls, NO_CONTROL: readout.curve}
    parts = [
        _curve(readout, curve).assign(kind="curve", control=control, selection=readout.selection)
        for control, curve in curves.items()
    ]
    return placed(pd.concat(parts, ignore_index=True), model, readout)


def pez_row(model: str, readout: Readout) -> pd.DataFrame:
    """The marker of the PEZ layer."""
    layers = readout.curve.layers
    points = _points(readout, [pez_layer(layers)], [np.nan], ["one third of depth"])
    return placed(points.assign(kind="pez"), model, readout)


def reference_rows(model: str, readout: Readout, references: pd.DataFrame) -> pd.DataFrame:
    """Points of a reference table on the variable of ``readout``; on all movies only."""
    found = numbers_of(references, model, readout.variable)
    found = found[found["quantity"].isin(MARKS) & found["layer"].notna()]
    if readout.subset != ALL:  # no source tells the blocks apart
        found = found.iloc[:0]
    notes = [f"{mark}; {source}" for mark, source in zip(found.quantity, found.source, strict=True)]
    points = _points(readout, [int(n) for n in found.layer], list(found.value), notes)
    return placed(points.assign(kind="reference"), model, readout)


def level_row(kind: str, value: float, note: str) -> pd.DataFrame:
    """A score that does not depend on the layer."""
    return pd.DataFrame(
        {"kind": [kind], "mean": value, "n_folds": 0, "n_nan_folds": 0, "note": note}
    )


def chance_row(scenes: int) -> pd.DataFrame:
    """One of two answers: 50 %, and where 95 % of fair coins fall, one coin per scene."""
    low, high = fair_coin_band(scenes)
    note = f"one of two answers; band: 95 % of fair coins over {scenes} scenes"
    return level_row("chance", 0.5, note).assign(band_low=low, band_high=high)


def drawn_references(verdict: ModelVerdict, references: References) -> pd.DataFrame:
    """Reference table of a model that is compared with it; without rows for another."""
    compared = bool(verdict.comparisons) and bool(verdict.comparisons[0].rules)
    return references.third_party if compared else references.third_party.iloc[:0]


def placed(rows: pd.DataFrame, model: str, readout: Readout) -> pd.DataFrame:
    """``rows`` with the model, recipe, metric and subset that they are of."""
    recipe = readout.recipe
    return rows.assign(
        model=model,
        probe=recipe.probe,
        protocol=recipe.protocol,
        metric=readout.metric,
        subset=readout.subset,
    )


def _depth(readout: Readout, layers: list[int]) -> dict[str, list[int] | np.ndarray]:
    states = [readout.state(layer) for layer in layers]
    return {"layer": layers, "state": states, "depth": np.array(states) / readout.curve.layers}


def _curve(readout: Readout, curve: Curve) -> pd.DataFrame:
    mean, spread = curve.mean, curve.spread
    return pd.DataFrame(
        {
            **_depth(readout, list(range(curve.layers))),
            "mean": mean,
            "std": spread,
            "n_folds": curve.n_folds,
            "n_nan_folds": curve.n_nan_folds,
            "band_low": mean - spread,
            "band_high": mean + spread,
            "tie_share": curve.tie_share,
            "note": "",
        }
    )


def _points(
    readout: Readout, layers: list[int], values: list[float], notes: list[str]
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **_depth(readout, layers),
            "mean": np.array(values, dtype=float),
            "n_folds": 0,
            "n_nan_folds": 0,
            "note": notes,
        }
    )
