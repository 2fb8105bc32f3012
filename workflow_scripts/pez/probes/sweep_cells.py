"""The cells of a sweep: one recipe on one network, kept under a name made from what it asks.

A cell is a small file of evidence. Its name is a digest of the recipe, of the code that measures it
and of what its features and labels are made from: a grid that grows, another sweep with a recipe in
common, or a job that was killed find what has been measured.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from pez.evidence.schema import NO_CONTROL, Measured, check_evidence
from pez.features.spec import VIEWS_OF_POOLING
from pez.fingerprint import CodeBase
from pez.fingerprint.choices import names_in
from pez.fingerprint.provenance import digest
from pez.recipes.recipe import Recipe, with_labels_of
from pez.runtime.errors import ArtifactError
from pez.runtime.progress import progress
from pez.runtime.tables import open_table, write_table

log = logging.getLogger(__name__)

KEY = "cell"
MEASURING = "fit_probe.py"  # its code measures a recipe, here and as a probe of its own


@dataclass(frozen=True)
class Cell:
    """One recipe, or its control with other labels.

    Attributes:
        recipe: what is asked.
        key: digest of all that its evidence depends on.
        control: a control of the labels, or none.
        seed: of the control.
    """

    recipe: Recipe
    key: str
    control: str = NO_CONTROL
    seed: int | None = None


def cells_of(
    recipes: Iterable[Recipe],
    controls: Sequence[tuple[str, int]],
    network: str,
    inputs: str,
    code: CodeBase,
) -> list[Cell]:
    """Cells of ``recipes`` and of their controls with other labels.

    Args:
        recipes: what is asked.
        controls: those of the labels, as (name, seed).
        network: whose features are read.
        inputs: provenance of labels and features.
        code: where the code that measures a recipe is read from.
    """
    cells = []
    for recipe in recipes:
        names = [recipe.choices(), VIEWS_OF_POOLING[recipe.spec.pooling]]
        measuring = code.fingerprint(MEASURING, frozenset(names_in(names)))
        asked = [(recipe, NO_CONTROL, None)] + [
            (with_labels_of(recipe, seed), name, seed) for name, seed in controls
        ]
        for one, control, seed in asked:
            key = digest([one.to_params(), control, network, measuring, inputs])
            cells.append(Cell(one, key, control, seed))
    return cells


def gather_cells(
    cells: Sequence[Cell],
    folder: Path,
    whose: Measured,
    measure: Callable[..., tuple[pd.DataFrame, pd.DataFrame]],
) -> pd.DataFrame:
    """Evidence of all ``cells``; those that ``folder`` lacks are measured and kept there.

    A kept file that is damaged, or of another recipe, is measured anew.

    Args:
        cells: in the order of the result.
        folder: where cells are kept, as ``{key}.parquet``.
        whose: the network's features, without a control of the labels.
        measure: `pez.probes.measure.measure`, which still wants ``recipe`` and ``measured``.

    Returns:
        Rows of evidence with the columns ``cell`` and one for every choice of a recipe (text; empty
        where a choice makes no difference).
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = {cell.key: _kept(folder, cell) for cell in cells}
    missing = [cell for cell in cells if known[cell.key] is None]
    log.info("%d cells, %d of them measured before", len(cells), len(cells) - len(missing))
    for cell in progress(missing, "sweep", total=len(missing), unit="cell"):
        of_labels = {} if cell.seed is None else {"control": cell.control, "seed": cell.seed}
        rows, _ = measure(recipe=cell.recipe, measured=replace(whose, **of_labels))
        write_table(folder / f"{cell.key}.parquet", rows, {"recipe": cell.recipe.to_params()})
        known[cell.key] = rows
    return pd.concat(list(_spelled_out(cells, known)), ignore_index=True)


def _kept(folder: Path, cell: Cell) -> pd.DataFrame | None:
    path = folder / f"{cell.key}.parquet"
    if not path.exists():
        return None
    try:
        opened = open_table(path)
        check_evidence(path, opened.table)
    except ArtifactError as error:
        log.warning("%s; it is measured anew", error)
        return None
    return opened.table if opened.metadata.get("recipe") == cell.recipe.to_params() else None


def _spelled_out(
    cells: Sequence[Cell], known: dict[str, pd.DataFrame | None]
) -> Iterator[pd.DataFrame]:
    for cell in cells:
        rows = known[cell.key]
        assert rows is not None
        choices = {f"recipe.{name}": text for name, text in cell.recipe.fields().items()}
        yield rows.assign(**{KEY: cell.key}, **choices)
