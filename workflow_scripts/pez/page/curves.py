"""Curves over residual states for the explorer: what they are of, their scores, their spread."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pez.controls.registry import find_control
from pez.emergence.curves import Curve
from pez.emergence.readout import SCORES
from pez.evidence.read import EvidenceTable, open_evidence
from pez.evidence.schema import NO_CONTROL
from pez.features.spec import residual_state
from pez.recipes.columns import CategoryTarget, NumberTarget
from pez.recipes.recipe import Recipe
from pez.recipes.spec import Target

# What the explorer picks by. Every curve has a value of each.
FACETS = (
    "evidence",  # PROBES or AUDIT
    "model",
    "dataset",
    "variable",
    "target",
    "metric",
    "part",  # of the held-out clips: all, or a block of movies
    "pooling",
    "grouping",
    "normalisation",
    "solver",
    "selection",
    "clips",
    "fold_seed",
)
# What else is known of a curve.
LABELS = ("network", "control", "seed", "recipe", "fit", "flat")
PROBES, AUDIT = "figures", "audit grid"


@dataclass(frozen=True)
class Curves:
    """Some curves.

    Attributes:
        rows: one row per curve, columns `FACETS` and `LABELS`, all of them texts. ``fit`` tells
            apart what a control makes of a recipe; ``flat`` is "yes" for features without depth,
            whose only score is at state 0.
        scores: float64 [curves, states]; NaN where nothing was measured.
        spread: the same for one standard deviation over folds.
    """

    rows: pd.DataFrame
    scores: np.ndarray
    spread: np.ndarray

    def __post_init__(self) -> None:
        if not len(self.rows) == len(self.scores) == len(self.spread):
            raise ValueError(f"{len(self.rows)} curves with {len(self.scores)} rows of scores")


def variable_of(target: Target) -> str:
    """What is read out: targets that differ in how a direction is written have one variable."""
    if isinstance(target, NumberTarget | CategoryTarget):
        return " ".join(target.column)
    return "direction" if target.startswith("direction_") else target


def control_is_flat(control: str) -> bool:
    """Whether features of ``control`` have no depth."""
    return control != NO_CONTROL and find_control(control).replaces == "features"


def curves_of_evidence(
    results: Iterable[Path], recipes: Mapping[str, Recipe], layers: Mapping[str, int]
) -> Curves:
    """Curves of the probe tables ``.../{network}/{fit}.parquet``, means over folds.

    Args:
        results: the tables.
        recipes: every recipe that can be fitted, by name, those of shuffled labels among them.
        layers: depth of every network; 1 where features have none.

    Raises:
        ArtifactError: a table is missing, damaged, no evidence, or of another depth.
    """
    parts = [
        _curves_of_table(
            open_evidence(path, layers[path.parent.name]), recipes[path.stem], path.stem
        )
        for path in results
    ]
    return join(parts)


def _curves_of_table(table: EvidenceTable, recipe: Recipe, fit: str) -> Curves:
    first = table.rows.iloc[0]
    control = str(first["control"])
    flat = control_is_flat(control)
    rows, scores, spread = [], [], []
    known = table.rows[table.rows["metric"].isin(list(SCORES))]
    for metric, part in known[["metric", "subset"]].drop_duplicates().itertuples(index=False):
        for selection, matrix in table.matrices(metric, part).items():
            rows.append(
                {
                    "evidence": PROBES,
                    "model": first["model"],
                    "dataset": recipe.spec.dataset,
                    "variable": variable_of(recipe.spec.target),
                    "target": str(recipe.spec.target),
                    "metric": metric,
                    "part": part,
                    "pooling": recipe.spec.pooling,
                    "grouping": str(recipe.spec.grouping),
                    "normalisation": recipe.spec.normalisation,
                    "solver": recipe.spec.solver,
                    "selection": selection,
                    "clips": recipe.spec.clips,
                    "fold_seed": _text(recipe.spec.fold_seed),
                    "network": first["network"],
                    "control": control,
                    "seed": _text(first["seed"]),
                    "recipe": recipe.name,
                    "fit": fit,
                    "flat": "yes" if flat else "no",
                }
            )
            curve = Curve(matrix)
            start = 0 if flat else residual_state(0, recipe.spec.capture)
            scores.append(np.concatenate([np.full(start, np.nan), curve.mean]))
            spread.append(np.concatenate([np.full(start, np.nan), curve.spread]))
    return Curves(_table(rows), _matrix(scores), _matrix(spread))


def join(parts: Sequence[Curves]) -> Curves:
    """All curves of ``parts``, with as many states as the deepest has."""
    rows = pd.concat([_table([]), *(part.rows for part in parts)], ignore_index=True)
    scores = [row for part in parts for row in part.scores]
    return Curves(rows, _matrix(scores), _matrix([row for part in parts for row in part.spread]))


def thinned(curves: Curves, most: int) -> Curves:
    """``curves`` without some of the controls where there are more than ``most``.

    All curves of the models themselves stay. Of the controls, those with all training clips come
    first, and among these one draw of the folds after the other, the least first.
    """
    rows = curves.rows
    if len(rows) <= most:
        return curves
    draws = pd.to_numeric(rows["fold_seed"], errors="coerce").fillna(-1)
    ranks = pd.DataFrame(
        {"control": rows["control"] != NO_CONTROL, "few": rows["clips"] != "all", "draw": draws}
    )
    own = int((~ranks["control"]).sum())
    order = ranks.sort_values(["control", "few", "draw"], kind="stable").index[: max(most, own)]
    kept = np.sort(order.to_numpy())
    return Curves(rows.iloc[kept].reset_index(drop=True), curves.scores[kept], curves.spread[kept])


def _table(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[*FACETS, *LABELS], dtype=object)


def _matrix(rows: Sequence[np.ndarray]) -> np.ndarray:
    states = max((len(row) for row in rows), default=0)
    return np.array(
        [np.pad(row, (0, states - len(row)), constant_values=np.nan) for row in rows]
    ).reshape(len(rows), states)


def _text(value: Any) -> str:
    return "none" if value is None or pd.isna(value) else str(value)
