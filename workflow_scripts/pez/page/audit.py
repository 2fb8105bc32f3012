"""What the audit wrote, as the page shows it: its grid of curves, estimands, claims, pictures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pez.audit.ledger import Ledger
from pez.evidence.schema import NO_CONTROL
from pez.page.curves import AUDIT, FACETS, LABELS, Curves, control_is_flat
from pez.page.predictions import Predictions
from pez.recipes.kinds import TARGETS, Angle
from pez.runtime.errors import ArtifactError
from pez.runtime.pages import read_json
from pez.runtime.tables import read_table
from pez.runtime.tensor_file import map_tensor, read_metadata

# Of a curve, in both tables.
CELL = (
    "network", "model", "control", "seed", "dataset", "target", "variable", "pooling", "grouping",
    "normalisation", "solver", "selection", "fold_seed", "clips", "metric",
)  # fmt: skip
# Estimands that specification curves are drawn of.
SHOWN = ("threshold", "half_rise", "step", "sharpness", "peak", "late_decline")


@dataclass(frozen=True)
class AuditFiles:
    """Files of the audit; the page has what is there.

    Attributes:
        scores: table ``scores``, a row per curve and state.
        estimands: table ``estimands``, a row per curve and estimand.
        ledger: claims, as JSON.
        calibration: tables of what criteria are worth, ``calibration/{depth}.parquet``.
        predictions: ``predictions/{network}.{dataset}.safetensors``.
        pictures: ``{model}/{picture}.png``.
    """

    scores: Path | None = None
    estimands: Path | None = None
    ledger: Path | None = None
    calibration: Sequence[Path] = field(default_factory=list)
    predictions: Sequence[Path] = field(default_factory=list)
    pictures: Sequence[Path] = field(default_factory=list)

    @classmethod
    def of(cls, files: Iterable[str]) -> "AuditFiles":
        """Tell files in the audit's folder apart by their names and folders."""
        paths = [Path(file) for file in files]
        named = {path.name: path for path in paths}
        return cls(
            scores=named.get("scores.parquet"),
            estimands=named.get("estimands.parquet"),
            ledger=named.get("ledger.json"),
            calibration=[path for path in paths if path.parent.name == "calibration"],
            predictions=[path for path in paths if path.parent.name == "predictions"],
            pictures=[path for path in paths if path.suffix == ".png"],
        )


def read_grid(path: Path) -> Curves:
    """Curves of the table ``scores``; they have no spread over folds.

    Raises:
        ArtifactError: the file is missing, damaged, or lacks a column.
    """
    table = read_table(path, (*CELL, "cell", "state", "score"), ("state", "score"))
    states = int(table["state"].max()) + 1
    keys, wide = _by_curve(table)
    scores = np.full((len(keys), states), np.nan)
    scores[wide, table["state"]] = table["score"]
    rows = keys.assign(
        evidence=AUDIT,
        part="all",
        recipe=keys["cell"],
        fit=keys["cell"],
        flat=["yes" if control_is_flat(control) else "no" for control in keys["control"]],
    )
    return Curves(rows[[*FACETS, *LABELS]], scores, np.full(scores.shape, np.nan))


def _by_curve(table: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Curves of ``table``, all columns as texts, and for every row which of them it belongs to."""
    columns = [*CELL, "cell"]
    groups = table.groupby(columns, sort=False, dropna=False)
    first = table.loc[~groups.cumcount().astype(bool), columns].reset_index(drop=True)
    texts = {
        name: first[name]
        .astype(object)
        .where(first[name].notna(), "all" if name == "clips" else "none")
        .map(str)
        for name in columns
    }
    return pd.DataFrame(texts, dtype=object), groups.ngroup().to_numpy()


def read_estimands(path: Path, curves: Curves) -> dict[str, dict[str, np.ndarray]]:
    """Estimands of ``curves``, those of the audit, in their order.

    Returns:
        By estimand of `SHOWN`: ``value``, ``low`` and ``high``, float64 [curves]; the ends of the
        interval for the models themselves alone, which are drawn with one.

    Raises:
        ArtifactError: the file is missing, damaged, or lacks a column.
    """
    numbers = ("value", "low", "high")
    table = read_table(path, (*CELL, "cell", "estimand", *numbers), numbers)
    keys, which = _by_curve(table)
    names = ["network", "control", "seed", "fit", "metric"]
    places = {
        name: place
        for place, name in enumerate(curves.rows[names].itertuples(index=False, name=None))
    }
    asked = keys.assign(fit=keys["cell"])[names].itertuples(index=False, name=None)
    place = np.array([places.get(name, -1) for name in asked], np.int64)[which]
    own = (curves.rows["control"] == NO_CONTROL).to_numpy()
    found: dict[str, dict[str, np.ndarray]] = {}
    for estimand in SHOWN:
        rows = (table["estimand"] == estimand).to_numpy() & (place >= 0)
        if rows.any():
            found[estimand] = {}
            for name in numbers:
                values = np.full(len(curves.rows), np.nan)
                values[place[rows]] = table[name].to_numpy(np.float64)[rows]
                found[estimand][name] = np.where(own | (name == "value"), values, np.nan)
    return found


def read_ledger(path: Path) -> Ledger:
    """Claims by model.

    Raises:
        ArtifactError: the file is missing or is no ledger.
    """
    return read_json(path, Ledger, "ledger of claims")


def read_audit_predictions(path: Path) -> Iterable[Predictions]:
    """Yield the predictions of the audit at ``path``.

    The file holds ``predictions`` float16 [curves, S, n, k] and ``targets`` float [curves, n, k];
    its metadata ``dataset``, ``clip_ids`` and ``curves``, a list with the columns of each curve and
    its number of ``outputs``.

    Raises:
        ArtifactError: the file is missing, damaged, or says less than that.
    """
    known = read_metadata(path)
    missing = [name for name in ("dataset", "clip_ids", "curves") if name not in known]
    if missing:
        raise ArtifactError(f"{path} does not state {', '.join(missing)}: delete it and run again.")
    values, truth = map_tensor(path, "predictions"), map_tensor(path, "targets")
    for place, curve in enumerate(known["curves"]):
        outputs = _outputs(curve, truth.shape[-1])
        count = len(outputs)
        yield Predictions(
            network=curve["network"],
            fit=curve["cell"],
            selection=curve["selection"],
            dataset=known["dataset"],
            clip_ids=known["clip_ids"],
            outputs=outputs,
            angle=_angle(curve["target"]),
            states=list(range(values.shape[1])),
            truth=np.asarray(truth[place, :, :count], np.float64),
            values=np.asarray(values[place, :, :, :count], np.float64),
            control=curve["control"],
            seed="none" if curve.get("seed") is None else str(curve["seed"]),
        )


def _outputs(curve: Mapping[str, Any], most: int) -> Sequence[str]:
    """Names of the outputs; of targets that only the audit has, numbers."""
    target = str(curve["target"])
    if target in TARGETS:
        return TARGETS[target].outputs
    return [f"output {number}" for number in range(int(curve.get("outputs", most)))]


def _angle(target: str) -> Angle | None:
    """How outputs of a target of the audit turn into a direction."""
    if target == "direction_harmonics":
        return "sincos"  # its first two outputs
    return TARGETS[target].angle if target in TARGETS else None
