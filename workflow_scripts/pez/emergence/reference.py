"""Reference numbers of other people's curves, from the CSV files in ``resources/reference``."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pez.probes.spec import ProbeSpec
from pez.runtime.errors import ArtifactError

REFERENCE_MODEL = "vjepa2_large"
# Renderer, and clips in each dataset, of the paper (arXiv 2602.07050, appendix A.1.2).
PAPER_RENDERER = "kubric"
PAPER_CLIPS = {"velocity": 392, "acceleration": 280}
RECIPE_FIELDS = ("target", "capture", "pooling", "grouping", "normalisation", "solver")
_NUMBERS = ("model", "variable", "quantity", "kind", "layer", "value", "tolerance", "source")


@dataclass(frozen=True)
class References:
    """All reference tables.

    Attributes:
        third_party: numbers of a third-party reproduction, columns as in the folder's README.
        paper: numbers read off the paper's plots, same columns.
        recipes: the third party's recipe of every variable: ``variable`` and `RECIPE_FIELDS`.
    """

    third_party: pd.DataFrame
    paper: pd.DataFrame
    recipes: pd.DataFrame


def read_references(third_party: Path, paper: Path, recipes: Path) -> References:
    """Read the reference tables.

    Raises:
        ArtifactError: a table is missing or lacks a column.
    """
    return References(
        third_party=_read(third_party, _NUMBERS),
        paper=_read(paper, _NUMBERS),
        recipes=_read(recipes, ("variable", *RECIPE_FIELDS)),
    )


def variable_of(target: str) -> str:
    """Physical variable that ``target`` reads out, however it is coded."""
    return "direction" if target.startswith("direction_") else target


def recipe_differences(probe: ProbeSpec, recipes: pd.DataFrame) -> tuple[str, ...]:
    """Where ``probe`` departs from the third party's recipe, as 'field: ours, reference theirs'."""
    rows = recipes[recipes["variable"] == variable_of(probe.target)]
    if rows.empty:
        return ()
    theirs = rows.iloc[0]
    return tuple(
        f"{field}: {getattr(probe, field)}, reference {theirs[field]}"
        for field in RECIPE_FIELDS
        if getattr(probe, field) != theirs[field]
    )


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path)
    except FileNotFoundError as error:
        raise ArtifactError(
            f"{path} does not exist: it is part of the checkout, restore it with git."
        ) from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ArtifactError(
            f"{path} lacks the column(s) {', '.join(missing)}: restore it with git."
        )
    return table
