"""Reference numbers of other people's curves, from the CSV files in ``resources/reference``."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pez.emergence.facts import ClipsFacts
from pez.emergence.readout import Readout
from pez.intphys.spec import PUBLISHED_FRAMES
from pez.runtime.errors import ArtifactError

# Clips in each dataset of the paper (arXiv 2602.07050, appendix A.1.2; the public dev movies of
# IntPhys), and where their frames come from.
PAPER_CLIPS = {"velocity": 392, "acceleration": 280, "intphys_dev": 360}
PAPER_RENDERERS = {
    "velocity": "kubric",
    "acceleration": "kubric",
    "intphys_dev": PUBLISHED_FRAMES,
}
# Names that the published weights of the models in the tables go by, in any form they come in.
PUBLISHED_WEIGHTS = {"vjepa2_large": "vitl", "vjepa2_huge": "vith", "vjepa2_giant": "vitg"}
# Fields of a recipe in which it may differ from the third party's without another result.
_NOT_COMPARED = ("dataset", "solver.seed")
SAMPLING_FIELDS = ("frames", "window")
_NUMBERS = (
    "model",
    "variable",
    "quantity",
    "kind",
    "layer",
    "value",
    "tolerance",
    "tolerance_source",
    "source",
)


@dataclass(frozen=True)
class References:
    """All reference tables.

    Attributes:
        third_party: numbers of a third-party reproduction, columns as in the folder's README.
        paper: numbers read off the paper's plots, same columns.
        recipes: the third party's recipe of every variable: ``variable``, one column per field of
            `pez.recipes.recipe.Recipe.fields` (empty where a field does not apply),
            `SAMPLING_FIELDS`, and ``caveat``, what to know before leaning on its numbers. All text.
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
        recipes=_read(recipes, ("variable", *SAMPLING_FIELDS, "caveat"), text=True),
    )


def numbers_of(table: pd.DataFrame, model: str, variable: str) -> pd.DataFrame:
    """Rows of a table of numbers on ``variable`` of ``model``."""
    return table[(table["model"] == model) & (table["variable"] == variable)]


def recipe_differences(
    readout: Readout, clips: ClipsFacts, recipes: pd.DataFrame
) -> tuple[str, ...] | None:
    """Every field in which ``readout`` departs from the third party's recipe, in words.

    Returns:
        'field: ours, reference theirs' for each; None if no recipe of the variable is known.
    """
    rows = recipes[recipes["variable"] == readout.variable]
    if rows.empty:
        return None
    known = rows.iloc[0].drop(["variable", "caveat"]).dropna()
    theirs = {str(name): str(value) for name, value in known.items()}
    ours = readout.recipe.fields()
    if clips.sampling is not None:
        ours |= {name: str(getattr(clips.sampling, name)) for name in SAMPLING_FIELDS}
    names = [name for name in dict.fromkeys((*ours, *theirs)) if name not in _NOT_COMPARED]
    return tuple(
        f"{name}: {ours.get(name, 'none')}, reference {theirs.get(name, 'none')}"
        for name in names
        if ours.get(name) != theirs.get(name)
    )


def caveat(readout: Readout, recipes: pd.DataFrame) -> str | None:
    """What to know before leaning on the third party's numbers, if anything."""
    found = recipes.loc[recipes["variable"] == readout.variable, "caveat"].dropna()
    return None if found.empty else str(found.iloc[0])


def _read(path: Path, columns: tuple[str, ...], text: bool = False) -> pd.DataFrame:
    """Read a table; as ``text`` nothing is taken for a number, and only empty cells are missing."""
    try:
        table = (
            pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
            if text
            else pd.read_csv(path)
        )
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
