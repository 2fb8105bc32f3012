"""The numbers of a figure: exactly what is drawn, as one tidy table."""

import numpy as np
import pandas as pd

from pez.emergence.chance import fair_coin_band
from pez.emergence.curves import Curve, pez_layer
from pez.emergence.judge import ModelVerdict
from pez.emergence.readout import ALL, TRAINED, Readout
from pez.emergence.reference import References, numbers_of
from pez.figures.looks import look_of

# kind: curve; selection (the same fits picked in another way); pez (the marker); reference (single
# points); chance and ceiling (levels).
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
    "band_low",  # mean -+ std where a band is drawn; of chance, where 95 % of fair coins fall
    "band_high",
    "tie_share",  # share of scenes that tie, counted as wrong in mean; NaN where none can
    "note",
)
MARKS = ("first", "at", "pez", "peak", "last")  # reference points that are drawn


def curve_rows(model: str, readout: Readout) -> pd.DataFrame:
    """The curves of ``readout``: controls first, then other selections, the model's own last."""
    chosen = readout.selection
    curves = [("curve", name, chosen, curve) for name, curve in readout.controls.items()]
    curves += [("selection", TRAINED, name, curve) for name, curve in readout.otherwise.items()]
    curves.append(("curve", TRAINED, chosen, readout.curve))
    parts = [
        _curve(readout, curve, look_of(kind, control).band is not None).assign(
            kind=kind, control=control, selection=selection
        )
        for kind, control, selection, curve in curves
    ]
    return _placed(pd.concat(parts, ignore_index=True), model, readout)


def pez_row(model: str, readout: Readout) -> pd.DataFrame:
    """The marker of the PEZ layer."""
    layers = readout.curve.layers
    points = _points(readout, [pez_layer(layers)], [np.nan], ["one third of depth"])
    return _placed(points.assign(kind="pez"), model, readout)


def reference_rows(model: str, readout: Readout, references: pd.DataFrame) -> pd.DataFrame:
    """Points of a reference table on the variable of ``readout``; on all movies only."""
    found = numbers_of(references, model, readout.variable)
    found = found[found["quantity"].isin(MARKS) & found["layer"].notna()]
    if readout.subset != ALL:  # no source tells the blocks apart
        found = found.iloc[:0]
    notes = [f"{mark}; {source}" for mark, source in zip(found.quantity, found.source, strict=True)]
    points = _points(readout, [int(n) for n in found.layer], list(found.value), notes)
    return _placed(points.assign(kind="reference"), model, readout)


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


def in_order(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Put parts of a figure's table together."""
    filled = [part for part in parts if not part.empty]
    return pd.concat(filled, ignore_index=True).reindex(columns=list(COLUMNS))


def _placed(rows: pd.DataFrame, model: str, readout: Readout) -> pd.DataFrame:
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


def _curve(readout: Readout, curve: Curve, band: bool) -> pd.DataFrame:
    mean, spread = curve.mean, curve.spread
    nothing = np.full(curve.layers, np.nan)
    return pd.DataFrame(
        {
            **_depth(readout, list(range(curve.layers))),
            "mean": mean,
            "std": spread,
            "n_folds": curve.n_folds,
            "n_nan_folds": curve.n_nan_folds,
            "band_low": mean - spread if band else nothing,
            "band_high": mean + spread if band else nothing,
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
