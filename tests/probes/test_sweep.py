"""Sweeps: grids as data, and cells that are measured once."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pez.evidence.schema import Measured, as_evidence
from pez.fingerprint import CodeBase
from pez.probes import sweep_cells
from pez.probes.sweep_cells import cells_of, gather_cells
from pez.recipes.recipe import Recipe
from pez.recipes.spec import GradientSolver, ProbeSpec, RidgeSolver
from pez.recipes.sweep import expand
from pez.runtime.errors import ConfigError

RIDGE = RidgeSolver(method="ridge", alphas=(1.0,))
SOLVERS = {
    "ridge": RIDGE,
    "trainable": GradientSolver(
        method="adamw", steps=5, patience=2, learning_rates=(0.1,), weight_decays=(0.1,)
    ),
}
BASE = Recipe(
    "speed",
    "strict",
    ProbeSpec(
        dataset="velocity", target="speed", capture="resid_post", pooling="mean",
        grouping="condition", normalisation="zscore", solver="ridge", fold_seed=42,
    ),
    RIDGE,
)  # fmt: skip
AXES = {"pooling": ["mean", "temporal_last"], "solver": ["ridge", "trainable"]}


def test_a_grid_is_every_combination_and_keeps_the_rest() -> None:
    found = list(expand([BASE], AXES, SOLVERS))
    assert [(one.spec.pooling, one.solver.method) for one in found] == [
        ("mean", "ridge"),
        ("mean", "adamw"),
        ("temporal_last", "ridge"),
        ("temporal_last", "adamw"),
    ]
    assert {one.spec.fold_seed for one in found} == {42}
    assert found[0] == BASE
    assert list(expand([BASE], {}, SOLVERS)) == [BASE]


def test_combinations_that_contradict_themselves_are_named() -> None:
    axes = {"patch_map": ["shared"], "pooling": ["mean"], "solver": ["ridge", "lasso"]}
    with pytest.raises(ConfigError) as refused:
        list(expand([BASE], axes, SOLVERS))
    first, second = str(refused.value).splitlines()
    assert first.startswith("speed.strict with patch_map shared, pooling mean, solver ridge: ")
    assert "patch_map shared needs a pooling that keeps patches" in first and "lasso" in second
    with pytest.raises(ConfigError, match=r"solver = 'lasso' \(allowed: ridge, trainable\)"):
        list(expand([BASE], {"solver": ["lasso"]}, SOLVERS))
    many = {"folds": list(range(-9, 0))}
    with pytest.raises(ConfigError, match="and 4 more"):
        list(expand([BASE], many, SOLVERS))


@pytest.fixture(scope="module")
def code() -> CodeBase:
    return CodeBase(choices=["ridge", "adamw", "mean", "temporal_last", "speed", "condition"])


class Measuring:
    """Counts what it is asked; the numbers are made up."""

    def __init__(self) -> None:
        self.asked: list[Recipe] = []

    def __call__(self, recipe: Recipe, measured: Measured) -> tuple[pd.DataFrame, pd.DataFrame]:
        self.asked.append(recipe)
        row = {"layer": 0, "selection": "nested", "fold": 0, "subset": "all", "metric": "r2"}
        row |= {"value": len(self.asked), "n_train": 1, "n_test": 1}
        row |= dict.fromkeys(("learning_rate", "weight_decay", "steps", "alpha"), 0.5)
        rows = pd.DataFrame([row])
        return as_evidence(rows, measured, recipe.probe, recipe.protocol, "resid_post"), rows


def gather(folder: Path, code: CodeBase, axes: dict, inputs: str = "x") -> tuple[int, pd.DataFrame]:
    """Cells measured, and the evidence of all."""
    measuring = Measuring()
    recipes = expand([BASE], axes, SOLVERS)
    cells = cells_of(recipes, [("shuffled", 42)], "tiny", inputs, code)
    table = gather_cells(cells, folder, Measured("tiny", "tiny"), measuring)
    return len(measuring.asked), table


def test_a_larger_grid_measures_only_what_is_new(tmp_path: Path, code: CodeBase) -> None:
    small = {"pooling": ["mean"], "solver": ["ridge", "trainable"]}
    assert gather(tmp_path, code, small)[0] == 4  # two recipes, each with other labels too
    count, table = gather(tmp_path, code, AXES)
    assert count == 4
    assert gather(tmp_path, code, AXES)[0] == 0
    assert gather(tmp_path, code, AXES, inputs="other features")[0] == 8
    assert table["cell"].nunique() == 8
    assert set(table["control"]) == {"none", "shuffled"}
    assert set(table["recipe.pooling"]) == {"mean", "temporal_last"}
    assert set(table.loc[table["control"] == "shuffled", "recipe.labels_seed"]) == {"42"}


def test_cells_that_are_damaged_or_of_another_recipe_are_measured_anew(
    tmp_path: Path, code: CodeBase
) -> None:
    gather(tmp_path, code, AXES)
    first, second, *_ = sorted(tmp_path.glob("*.parquet"))
    first.write_bytes(b"half")
    second.write_bytes((sorted(tmp_path.glob("*.parquet"))[2]).read_bytes())
    assert gather(tmp_path, code, AXES)[0] == 2


def test_a_killed_job_keeps_its_cells(
    tmp_path: Path, code: CodeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*args: object) -> str:
        if len(list(tmp_path.glob("*.parquet"))) == 3:
            raise KeyboardInterrupt
        return write(*args)

    write = sweep_cells.write_table
    monkeypatch.setattr(sweep_cells, "write_table", dies)
    with pytest.raises(KeyboardInterrupt):
        gather(tmp_path, code, AXES)
    monkeypatch.undo()
    assert gather(tmp_path, code, AXES)[0] == 8 - 3


def test_code_that_a_cell_does_not_use_leaves_it(code: CodeBase) -> None:
    """A cell's key holds the fingerprint of its own names, not of all of the sweep."""
    (one,) = cells_of([BASE], [], "tiny", "x", code)
    (same,) = cells_of([replace(BASE, probe="speed")], [], "tiny", "x", code)
    keys = [cell.key for cell in cells_of(expand([BASE], AXES, SOLVERS), [], "tiny", "x", code)]
    assert one.key == same.key == keys[0] and len(set(keys)) == 4
    (other,) = cells_of([BASE], [], "other", "x", code)
    assert other.key != one.key
