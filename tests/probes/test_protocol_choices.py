"""The tables of docs/protocol.md vary every choice, one at a time."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import yaml

from pez.config.load import load_config
from pez.recipes.spec import GradientSolver, PlausibilityProbeSpec, ProbeSpec

CHECKOUT = Path(__file__).parents[2]
SCRIPT = CHECKOUT / "benchmarks" / "protocol_choices.py"
PAGE = CHECKOUT / "docs" / "protocol.md"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("protocol_choices", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tables(script: ModuleType) -> ModuleType:
    return sys.modules["protocol_tables"]


@pytest.fixture(scope="module")
def raw() -> dict[str, Any]:
    return yaml.safe_load((CHECKOUT / "config.yaml").read_text())


@pytest.fixture(scope="module")
def rows(script: ModuleType, raw: dict[str, Any]) -> dict[str, list[Any]]:
    recipes = load_config(raw, CHECKOUT).recipes
    names = [f"{probe}.{protocol}" for protocol in script.PROTOCOLS for probe in script.PROBES]
    return {name: list(script.rows_of(raw, recipes[name])) for name in names}


def field_of(row: Any) -> str:
    return row.label.split(":")[0]


def test_every_field_of_a_recipe_is_a_choice_or_said_to_be_none(
    script: ModuleType, raw: dict[str, Any]
) -> None:
    fields = {*ProbeSpec.model_fields, *PlausibilityProbeSpec.model_fields}
    fields |= {f"solver.{name}" for name in GradientSolver.model_fields}
    chosen, others = set(script.choices(raw)), set(script.NO_CHOICE)
    assert chosen | others == fields, "a new field: give it values in NUMBERS, or a reason"
    assert not chosen & others


def test_every_choice_is_varied_in_some_recipe(
    script: ModuleType, raw: dict[str, Any], rows: dict[str, list[Any]]
) -> None:
    varied = {field_of(row) for of_recipe in rows.values() for row in of_recipe[1:]}
    assert varied == set(script.choices(raw))


def test_a_row_differs_in_the_choice_that_it_names(rows: dict[str, list[Any]]) -> None:
    for of_recipe in rows.values():
        for row in of_recipe[1:]:
            ours, base = row.recipe.fields(), row.base.fields()
            differing = {name for name in {*ours, *base} if ours.get(name) != base.get(name)}
            named = field_of(row)
            assert any(name.startswith(named) for name in differing), (row.label, differing)


def test_the_tables_of_the_page_vary_what_the_configuration_offers(
    script: ModuleType, tables: ModuleType, rows: dict[str, list[Any]]
) -> None:
    page = PAGE.read_text().split(tables.BEGIN)[1].split(tables.END)[0]
    for name, (_, *altered) in rows.items():
        own = "\n".join(part for part in page.split("\n#### ") if part.startswith(f"{name},"))
        missing = [row.label for row in altered if row.label not in own]
        assert not missing, f"{name}: make the tables again (see {SCRIPT.name})"


def test_writing_leaves_the_rest_of_the_page_alone(tables: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{tables.BEGIN}\nold\n{tables.END}\nafter\n")
    tables.write_between_markers(page, ["new", "lines"])
    assert page.read_text() == f"before\n{tables.BEGIN}\nnew\nlines\n{tables.END}\nafter\n"
    page.write_text("no markers")
    with pytest.raises(SystemExit, match="lacks the lines"):
        tables.write_between_markers(page, ["new"])


def test_cells_say_how_far_from_the_base(script: ModuleType, tables: ModuleType) -> None:
    frame = pd.DataFrame(
        [
            {"layer": index, "fold": fold, "metric": "r2", "value": 0.1 * index + 0.2 * fold}
            for index in range(len(script.LAYERS))
            for fold in range(2)
        ]
    )
    scores = script.means(frame, "r2")
    assert list(scores.index) == list(script.LAYERS)
    assert scores[script.LAYERS[1]] == pytest.approx(0.2)
    frame.loc[0, "value"] = float("nan")
    assert list(script.means(frame, "r2").isna()) == [True, False, False, False]
    assert tables.cell(0.5, 0.625) == "0.500 (-0.125)"
    assert tables.cell(0.5, 0.5001) == "0.500 (+0.000)"
    assert tables.cell(float("nan"), 0.5) == "undefined"
