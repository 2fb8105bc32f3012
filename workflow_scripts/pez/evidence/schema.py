"""The columns of evidence, and what must hold in every table of it.

A row is one score: of a network, under a recipe, at a layer, on the held-out clips of a fold. What
the recipe is in every field, the table's metadata say; tables of a sweep, which hold many recipes,
have a column ``cell`` and columns ``recipe.{field}`` beside these.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from pez.features.spec import Capture, residual_state
from pez.runtime.errors import ArtifactError

ALL = "all"  # the subset of every clip
NO_CONTROL = "none"  # the control of the model itself

Kind = Literal["text", "integer", "number"]
_KINDS = {
    "text": lambda column: (
        pd.api.types.is_string_dtype(column) or pd.api.types.is_object_dtype(column)
    ),
    "integer": pd.api.types.is_integer_dtype,
    "number": pd.api.types.is_numeric_dtype,
}

COLUMNS: Mapping[str, Kind] = {
    "network": "text",  # whose features were read: the model, or what replaces it
    "model": "text",
    "control": "text",  # what is replaced, a name under controls; none: nothing
    "seed": "integer",  # of the control; missing without one
    "probe": "text",
    "protocol": "text",
    "layer": "integer",
    "state": "integer",  # residual state that the layer reads
    "selection": "text",  # how step and configuration were picked
    "fold": "integer",
    "subset": "text",  # part of the held-out clips that is scored
    "metric": "text",
    "value": "number",  # NaN where the metric is not defined
    "n_train": "integer",  # clips
    "n_test": "integer",
    "learning_rate": "number",  # what was picked; NaN where the solver has none
    "weight_decay": "number",
    "steps": "number",
    "alpha": "number",
}
_KEY = ["network", "probe", "protocol", "layer", "selection", "fold", "subset", "metric"]


@dataclass(frozen=True)
class Measured:
    """Whose features were read, and what they stand for.

    Attributes:
        network: name of the features.
        model: the model that is asked about.
        control: what is replaced, or `NO_CONTROL`.
        seed: of the control.
    """

    network: str
    model: str
    control: str = NO_CONTROL
    seed: int | None = None


def as_evidence(
    scores: pd.DataFrame, measured: Measured, probe: str, protocol: str, capture: Capture
) -> pd.DataFrame:
    """Say of every row of ``scores`` whose it is.

    Args:
        scores: layer, selection, fold, subset, metric, value and what follows it in `COLUMNS`.
        measured: whose features were read.
        probe: what was read out.
        protocol: whose choices.
        capture: which residual state a layer is.

    Returns:
        The rows in their order, with all columns of `COLUMNS`; ``scores.attrs`` go with them.
    """
    table = scores.assign(
        network=measured.network,
        model=measured.model,
        control=measured.control,
        seed=pd.array([measured.seed] * len(scores), dtype="Int64"),
        probe=probe,
        protocol=protocol,
        state=[residual_state(layer, capture) for layer in scores["layer"]],
    )[list(COLUMNS)]
    table.attrs = dict(scores.attrs)
    return table


def check_evidence(path: Path | str, table: pd.DataFrame) -> None:
    """Check that ``table``, read from ``path``, is evidence.

    Raises:
        ArtifactError: a column is missing or of another kind, or a score is there twice.
    """
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise _refused(path, f"lacks the column(s) {', '.join(missing)}")
    for name, kind in COLUMNS.items():
        if not _KINDS[kind](table[name]):
            raise _refused(path, f"holds {table[name].dtype} in column {name}, which is {kind}")
    key = [name for name in ("cell", *_KEY) if name in table.columns]
    twice = table.duplicated(key)
    if twice.any():
        where = table[twice].iloc[0]
        listed = ", ".join(f"{name} {where[name]}" for name in key)
        raise _refused(path, f"holds one score twice ({listed})")


def _refused(path: Path | str, what: str) -> ArtifactError:
    return ArtifactError(f"{path} is no table of evidence: it {what}. Delete it and run again.")
