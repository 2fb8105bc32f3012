"""The numbers of a figure: exactly what is drawn, as one tidy table."""

import numpy as np
import pandas as pd

from pez.emergence.curves import Curve, layer_fractions, pez_layer
from pez.emergence.readout import ALL, Readout
from pez.emergence.reference import References, numbers_of
from pez.emergence.report import ModelVerdict

_CURVE_COLUMNS = (
    "layer",
    "layer_fraction",
    "mean",  # score, mean over folds; of a reference, its value; NaN for the marker pez
    "std",  # sample standard deviation over folds
    "n_folds",
    "n_nan_folds",  # degenerate folds, left out of mean and std
    "band_low",  # mean -+ std where a band is drawn, else NaN
    "band_high",
)
# series: validation, nested, untrained, shuffled, pez, reference, chance, ceiling
MOTION_COLUMNS = ("model", "probe", "series", *_CURVE_COLUMNS, "note")
PLAUSIBILITY_COLUMNS = (
    "model",
    "probe",
    "metric",
    "subset",
    "series",
    *_CURVE_COLUMNS,
    "tie_share",  # share of scenes that tie, counted as wrong in mean; NaN where none can
    "note",
)
MARKS = ("first", "at", "pez", "peak", "last")  # reference points that are drawn


def drawn_references(verdict: ModelVerdict, references: References) -> pd.DataFrame:
    """Reference table of a model that may be compared with it; without rows for another."""
    return references.third_party if verdict.comparisons else references.third_party.iloc[:0]


def readout_rows(model: str, readout: Readout, references: pd.DataFrame) -> pd.DataFrame:
    """All series of one panel, those drawn first at the top.

    Args:
        model: the model that the readout is of.
        readout: its curves and those of its controls.
        references: reference table whose points are drawn, if it has any for the readout.

    Returns:
        Table with the columns of either kind of figure.
    """
    layers = readout.curve.layers
    series = [_curve_rows("untrained", readout.untrained["validation"], band=True)]
    if readout.shuffled is not None:
        series.append(_curve_rows("shuffled", readout.shuffled["validation"], band=False))
    if "nested" in readout.trained:
        series.append(_curve_rows("nested", readout.trained["nested"], band=False))
    series.append(_curve_rows("validation", readout.curve, band=True))
    series.append(_pez_row(layers))
    points = numbers_of(references, model, readout.variable)
    if readout.subset == ALL and not points.empty:  # no source tells the blocks apart
        series.append(_reference_rows(points, layers))
    return pd.concat(series, ignore_index=True).assign(
        model=model, probe=readout.probe, metric=readout.metric, subset=readout.subset
    )


def level_row(series: str, value: float, note: str) -> pd.DataFrame:
    """A score that does not depend on the layer, such as chance."""
    return pd.DataFrame({"series": [series], "mean": value, "n_folds": 0, "n_nan_folds": 0}).assign(
        note=note
    )


def _curve_rows(name: str, curve: Curve, band: bool) -> pd.DataFrame:
    mean, spread = curve.mean, curve.spread
    nothing = np.full(curve.layers, np.nan)
    return pd.DataFrame(
        {
            "series": name,
            "layer": np.arange(curve.layers),
            "layer_fraction": layer_fractions(curve.layers),
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


def _pez_row(layers: int) -> pd.DataFrame:
    layer = pez_layer(layers)
    return _points("pez", [layer], [np.nan], ["one third of depth"], layers)


def _reference_rows(table: pd.DataFrame, layers: int) -> pd.DataFrame:
    rows = table[table["quantity"].isin(MARKS) & table["layer"].notna()]
    notes = [f"{mark}; {source}" for mark, source in zip(rows.quantity, rows.source, strict=True)]
    return _points("reference", [int(n) for n in rows.layer], list(rows.value), notes, layers)


def _points(
    name: str, at: list[int], values: list[float], notes: list[str], layers: int
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "series": name,
            "layer": at,
            "layer_fraction": layer_fractions(layers)[at],
            "mean": np.array(values, dtype=float),
            "std": np.nan,
            "n_folds": 0,
            "n_nan_folds": 0,
            "band_low": np.nan,
            "band_high": np.nan,
            "tie_share": np.nan,
            "note": notes,
        }
    )
