"""The numbers of a figure: exactly what is drawn, as one tidy table."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pez.emergence.curves import Curve, layer_fractions, pez_layer
from pez.emergence.reference import variable_of
from pez.emergence.report import Curves
from pez.probes.spec import ProbeSpec

COLUMNS = (
    "model",
    "probe",
    "series",  # validation, nested, untrained, pez, reference
    "layer",
    "layer_fraction",
    "mean",  # R2, mean over folds; of a reference, its value; NaN for the marker pez
    "std",  # sample standard deviation over folds
    "n_folds",
    "n_nan_folds",  # degenerate folds, left out of mean and std
    "band_low",  # mean -+ std where a band is drawn, else NaN
    "band_high",
    "note",
)
MARKS = ("first", "pez", "peak", "last")  # reference points that are drawn


def series_table(
    curves: Curves,
    controls: Curves,
    probes: Mapping[str, ProbeSpec],
    references: Mapping[str, pd.DataFrame],
) -> pd.DataFrame:
    """All series of a figure.

    Args:
        curves: curves by model, probe and selection.
        controls: curves of the untrained controls, under the names of the models.
        probes: recipe of every probe.
        references: reference table of each model that has one drawn.

    Returns:
        Table with the columns `COLUMNS`.
    """
    parts = []
    for model, by_probe in curves.items():
        for probe, found in by_probe.items():
            validation, control = found["validation"], controls[model][probe]["validation"]
            series = [_curve_rows("untrained", control, band=True)]
            if "nested" in found:
                series.append(_curve_rows("nested", found["nested"], band=False))
            series.append(_curve_rows("validation", validation, band=True))
            series.append(_pez_row(validation.layers))
            if model in references:
                variable = variable_of(probes[probe].target)
                series.append(_reference_rows(references[model], variable, validation.layers))
            parts += [rows.assign(model=model, probe=probe) for rows in series]
    return pd.concat(parts, ignore_index=True).reindex(columns=list(COLUMNS))


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
            "note": "",
        }
    )


def _pez_row(layers: int) -> pd.DataFrame:
    layer = pez_layer(layers)
    return _points("pez", [layer], [np.nan], ["one third of depth"], layers)


def _reference_rows(table: pd.DataFrame, variable: str, layers: int) -> pd.DataFrame:
    rows = table[(table["variable"] == variable) & table["quantity"].isin(MARKS)]
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
            "note": notes,
        }
    )
