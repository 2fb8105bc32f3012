"""Every verdict level from tables constructed to give it, near misses included."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from pez.config.load import load_config
from pez.emergence.curves import Curve
from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.figure_evidence import FigureEvidence
from pez.emergence.figure_verdict import FigureVerdict, Remarks, judge
from pez.emergence.quality import OVERALL, Comparison, compare
from pez.emergence.readout import Readout
from pez.emergence.reference import (
    References,
    numbers_of,
    read_references,
    recipe_differences,
)
from pez.emergence.verdict_page import to_markdown, write_verdict
from pez.intphys.spec import SamplingSpec
from pez.recipes.recipe import Recipe
from pez.recipes.spec import GradientSolver, ProbeSpec
from pez.runtime.errors import ArtifactError

FOLDER = Path(__file__).parents[2] / "resources" / "reference"
LARGE = ModelFacts(layers=24, source="checkpoint", weights="vitl.pt, target_encoder")
CLIPS = ClipsFacts(renderer="kubric", samples=16, datasets={"velocity": 392, "acceleration": 280})


@pytest.fixture(scope="module")
def tables() -> References:
    names = ("third_party.csv", "paper_readings.csv", "third_party_recipes.csv")
    return read_references(*(FOLDER / name for name in names))


def recipe(probe: str, target: str, protocol: str = "reference", **changes: object) -> Recipe:
    """The third party's recipe of a polar variable, but for ``changes``."""
    fields: dict[str, object] = {
        "dataset": "acceleration" if target.startswith("acceleration") else "velocity",
        "target": target,
        "capture": "resid_post",
        "pooling": "temporal_last",
        "grouping": "direction_spatial_sector",
        "normalisation": "zscore",
        "solver": "third_party",
        "selections": ["validation"],
        "sector_start_deg": -180,
        "angle_axis": "image",
        "angle_cut_deg": -180,
    }
    decay = "adamw" if target == "velocity_xy" else "adam_l2"
    solver = GradientSolver(
        method=decay, steps=400, patience=40, start="pytorch",
        learning_rates=(1e-4, 3e-4, 1e-3, 3e-3, 5e-3), weight_decays=(0.01, 0.1, 0.4, 0.8),
    )  # fmt: skip
    return Recipe(probe, protocol, ProbeSpec.model_validate(fields | changes), solver)


POLAR = {
    "speed": recipe("speed", "speed"),
    "direction": recipe("direction", "direction_angle"),
    "acceleration": recipe("acceleration", "acceleration"),
}
CARTESIAN = {
    "velocity_xy": recipe(
        "velocity_xy",
        "velocity_xy",
        pooling="temporal_last_patch",
        patch_map="shared",
        grouping="magnitude_spatial_sector",
        normalisation="center",
    ),
    "acceleration_xy": recipe(
        "acceleration_xy", "acceleration_xy", grouping="magnitude", normalisation="center"
    ),
}


def through(**points: float) -> np.ndarray:
    """Scores of 24 layers, linear between ``l<layer>=score`` points."""
    at = {int(name[1:]): value for name, value in points.items()}
    return np.interp(np.arange(24), list(at), list(at.values()))


def third_party_curves() -> dict[str, np.ndarray]:
    """Curves through every number of the third-party table."""
    return {
        "speed": through(l0=0.895, l8=0.983, l19=0.988, l23=0.985),
        "direction": through(l0=0.326, l1=0.503, l7=0.503, l8=0.816, l16=0.876, l23=0.835),
        "acceleration": through(l0=0.866, l8=0.974, l20=0.986, l23=0.981),
    }


def curve(mean: np.ndarray) -> Curve:
    return Curve(mean[:, None] + np.linspace(-0.01, 0.01, 5))


def compared(
    curves: dict[str, np.ndarray], tables: References, recipes: dict[str, Recipe] = POLAR
) -> Comparison:
    return compare("vjepa2_large", readouts(curves, recipes), CLIPS, tables)[0]


def readouts(curves: dict[str, np.ndarray], recipes: dict[str, Recipe]) -> list[Readout]:
    control = {"untrained": curve(np.full(24, 0.1))}
    return [
        Readout(recipes[name], "validation", curve(mean), control) for name, mean in curves.items()
    ]


def test_the_third_party_curves_themselves_are_qualified(tables: References) -> None:
    found = compared(third_party_curves(), tables)
    assert [rule for rule in found.rules if not rule.passed] == []
    assert found.level == "Qualified"
    assert found.matching_probes == ("speed", "direction", "acceleration")
    assert found.not_compared == {}


def tolerance(tables: References, variable: str, quantity: str) -> float:
    rows = numbers_of(tables.third_party, "vjepa2_large", variable)
    return float(rows.loc[rows["quantity"] == quantity, "tolerance"].iloc[0])


@pytest.mark.parametrize(("beyond", "level"), [(-1e-4, "Qualified"), (1e-4, "Partial")])
def test_a_key_value_at_the_edge_of_its_tolerance(
    tables: References, beyond: float, level: str
) -> None:
    curves = third_party_curves()
    curves["speed"][8] -= tolerance(tables, "speed", "pez") + beyond
    found = compared(curves, tables)
    assert found.level == level
    failed = [(rule.probe, rule.quantity) for rule in found.rules if not rule.passed]
    assert failed == ([] if level == "Qualified" else [("speed", "pez")])


def test_a_wrong_shape_alone_is_not_qualified(tables: References) -> None:
    curves = third_party_curves()
    curves["direction"][1:8] = 0.8  # right at layers 0, 8, peak and last, but no jump at layer 8
    found = compared(curves, tables)
    assert found.level == "Partial"
    failed = {rule.quantity for rule in found.rules if not rule.passed}
    assert failed == {"onset", "jump"}


def test_only_the_average_over_probes_is_right(tables: References) -> None:
    curves = third_party_curves()
    curves["speed"][8] -= 1.1 * tolerance(tables, "speed", "pez")
    curves["acceleration"][0] -= 1.1 * tolerance(tables, "acceleration", "first")
    curves["direction"][0] += 1.1 * tolerance(tables, "direction", "first")
    found = compared(curves, tables)
    assert found.matching_probes == ()
    assert found.level == "Overall-only"
    curves["speed"][8] -= 0.3
    assert compared(curves, tables).level == "Failed"


def test_curves_of_another_shape_fail(tables: References) -> None:
    flat = {name: np.full(24, 0.2) for name in POLAR}
    found = compared(flat, tables)
    assert found.level == "Failed"
    onset = next(rule for rule in found.rules if rule.quantity == "onset")
    assert onset.measured is None and not onset.passed


def cartesian_curves() -> dict[str, np.ndarray]:
    return {
        "velocity_xy": through(l0=0.527, l8=0.908, l12=0.926, l23=0.908),
        "acceleration_xy": through(l0=0.454, l8=0.915, l21=0.944, l23=0.939),
    }


def test_two_recipes_are_partial_however_well_they_match(tables: References) -> None:
    found = compared(cartesian_curves(), tables, CARTESIAN)
    assert found.matching_probes == ("velocity_xy", "acceleration_xy")
    assert found.not_compared == {}
    assert found.level == "Partial"


def test_a_curve_of_another_recipe_is_not_compared_and_every_difference_is_named(
    tables: References,
) -> None:
    recipes = {name: recipe(name, name) for name in CARTESIAN}
    found = compared(cartesian_curves(), tables, recipes)
    assert found.level == "Not comparable" and found.rules == ()
    assert found.not_compared == {
        "velocity_xy (reference)": (
            "pooling: temporal_last, reference temporal_last_patch",
            "grouping: direction_spatial_sector, reference magnitude_spatial_sector",
            "normalisation: zscore, reference center",
            "patch_map: none, reference shared",
        ),
        "acceleration_xy (reference)": (
            "grouping: direction_spatial_sector, reference magnitude",
            "normalisation: zscore, reference center",
            "sector_start_deg: -180, reference none",
        ),
    }


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"sector_start_deg": 0}, "sector_start_deg: 0, reference -180"),
        ({"angle_cut_deg": 0}, "angle_cut_deg: 0, reference -180"),
        ({"angle_axis": "world"}, "angle_axis: world, reference image"),
        ({"fold_seed": 1}, "fold_seed: 1, reference none"),
        ({"folds": 6}, "folds: 6, reference 5"),
        ({"clips": "in_view"}, "clips: in_view, reference all"),
        ({"selections": ["validation", "nested"]}, "selections: validation nested, reference vali"),
    ],
)
def test_no_choice_goes_unnoticed(
    tables: References, change: dict[str, object], named: str
) -> None:
    changed = POLAR | {"direction": recipe("direction", "direction_angle", **change)}
    found = compared(third_party_curves(), tables, changed)
    (differences,) = found.not_compared.values()
    assert len(differences) == 1 and differences[0].startswith(named)
    assert {rule.probe for rule in found.rules} == {"speed", "acceleration", OVERALL}


@pytest.mark.parametrize(
    "change",
    [{"steps": 401}, {"patience": 41}, {"start": "zero"}, {"method": "adamw"}, {"start_seed": 1}],
)
def test_no_choice_of_the_solver_goes_unnoticed(
    tables: References, change: dict[str, object]
) -> None:
    known = POLAR["speed"]
    solver = GradientSolver.model_validate(known.solver.model_dump() | change)
    found = compared(third_party_curves(), tables, POLAR | {"speed": replace(known, solver=solver)})
    assert any(name in found.not_compared["speed (reference)"][0] for name in change)


def test_the_paper_is_compared_with_every_protocol_and_never_without_a_word_of_caution(
    tables: References,
) -> None:
    strict = recipe("direction", "direction_sincos", "strict")
    both = [
        *readouts(third_party_curves(), POLAR),
        Readout(strict, "nested", curve(np.full(24, 0.9)), {}),
    ]
    found = compare("vjepa2_large", both, CLIPS, tables)
    assert [one.reference for one in found] == [
        "third-party reproduction",
        "paper, read off its plots: reference protocol",
        "paper, read off its plots: strict protocol",
    ]
    assert all("half of its recipe" in one.caveats[0] for one in found[1:])
    assert {rule.probe for rule in found[2].rules} >= {"direction"}


def test_a_probe_without_reference_numbers(tables: References) -> None:
    found = compared({"vx": through(l0=0.1, l23=0.9)}, tables, {"vx": recipe("vx", "velocity_x")})
    assert found.level == "No reference"
    assert found.rules == ()


def judged(tables: References, model: str, facts: ModelFacts, clips: ClipsFacts) -> FigureVerdict:
    evidence = FigureEvidence(
        figure="figure2c", title="Figure 2(c)", models=[model], recipes=list(POLAR.values()),
        metrics=["r2"], subsets=["all"], controls=[], networks={model: facts}, tables={},
    )  # fmt: skip
    shown = {model: readouts(third_party_curves(), POLAR)}
    return judge(evidence, shown, {model: Remarks()}, clips, tables)


def test_the_published_model_on_the_whole_dataset_is_compared(tables: References) -> None:
    verdict = judged(tables, "vjepa2_large", LARGE, CLIPS)
    assert verdict.models[0].level == "Qualified"
    page = to_markdown(verdict)
    assert "## vjepa2_large: Qualified" in page
    assert "| direction | pez (key) | 8 | 0.816 | 0.816 | 0.153 | pass |" in page
    assert f"| {OVERALL} | pez (overall) |" in page
    assert "s.d. 0.120 over 5 folds (third party's own curve, layer 8)" in page


@pytest.mark.parametrize(
    ("facts", "clips", "reason"),
    [
        (LARGE.model_copy(update={"source": "random"}), CLIPS, "weights are random"),
        (LARGE.model_copy(update={"source": "embedded"}), CLIPS, "trained by this project"),
        (
            LARGE.model_copy(update={"weights": "latest.pt, target_encoder"}),
            CLIPS,
            "the weights (latest.pt, target_encoder) are not the published vitl",
        ),
        (
            LARGE,
            CLIPS.model_copy(update={"renderer": "procedural"}),
            "clips of 'velocity' rendered by 'procedural', the paper's by 'kubric'",
        ),
        (LARGE, CLIPS.model_copy(update={"datasets": {"velocity": 48}}), "48 clips in 'velocity'"),
    ],
)
def test_perfect_numbers_of_another_network_are_no_reproduction(
    tables: References, facts: ModelFacts, clips: ClipsFacts, reason: str
) -> None:
    verdict = judged(tables, "vjepa2_large", facts, clips)
    assert verdict.models[0].level == "Not a reproduction"
    assert verdict.models[0].comparisons == ()
    assert reason in verdict.models[0].reasons[0]
    page = to_markdown(verdict)
    assert "Qualified" not in page and "third-party" not in page
    assert "## vjepa2_large: Not a reproduction" in page


def test_a_trained_model_without_reference_says_so(tables: References) -> None:
    verdict = judged(tables, "vjepa2_huge", LARGE.model_copy(update={"weights": "vith.pt"}), CLIPS)
    assert verdict.models[0].level == "No reference"
    assert verdict.models[0].comparisons == ()


def test_verdict_files_are_readable_and_without_nan(tables: References, tmp_path: Path) -> None:
    verdict = judged(tables, "vjepa2_large", LARGE, CLIPS)
    write_verdict(verdict, tmp_path / "v.md", tmp_path / "v.json")
    text = (tmp_path / "v.json").read_text()
    assert "NaN" not in text and "Infinity" not in text
    assert FigureVerdict.model_validate(json.loads(text)) == verdict
    assert (tmp_path / "v.md").read_text() == to_markdown(verdict)


def test_reference_tables_agree_with_themselves(tables: References) -> None:
    paper_marks = {"first": 0.326, "pez": 0.816, "peak": 0.876, "last": 0.835}
    rows = tables.third_party[tables.third_party["variable"] == "direction"]
    values = dict(zip(rows["quantity"], rows["value"], strict=True))
    assert {name: values[name] for name in paper_marks} == paper_marks
    for table in (tables.third_party, tables.paper):
        assert not table[["value", "tolerance", "tolerance_source", "source"]].isna().any().any()
        assert not table.duplicated(["model", "variable", "quantity", "layer"]).any()
        kinds = table.groupby(["model", "variable"])["kind"]
        assert kinds.apply(lambda found: "key" in set(found)).all()
        known = set(tables.recipes["variable"])
        own_scores = {"matched_pair", "logit_sum"}  # of this project, not of any source
        assert set(table["variable"]) <= known and not known & own_scores
    assert tables.paper["source"].str.contains("read off|text").all()


def test_a_damaged_reference_table_is_named(tmp_path: Path) -> None:
    pd.DataFrame({"model": []}).to_csv(tmp_path / "t.csv")
    with pytest.raises(ArtifactError, match=r"t\.csv lacks the column\(s\) variable"):
        read_references(tmp_path / "t.csv", tmp_path / "t.csv", tmp_path / "t.csv")
    with pytest.raises(ArtifactError, match=r"none\.csv does not exist"):
        read_references(tmp_path / "none.csv", tmp_path / "t.csv", tmp_path / "t.csv")


def test_the_table_of_recipes_and_the_configuration_say_the_same(tables: References) -> None:
    """The protocol `reference` of config.yaml is the recipe behind the reference numbers."""
    checkout = FOLDER.parents[1]
    config = load_config(yaml.safe_load((checkout / "config.yaml").read_text()), checkout)
    paper = SamplingSpec(frames=16, window="uniform")
    movies = ClipsFacts(renderer="x", samples=None, datasets={}, sampling=paper)
    expected = {"attentive_relative_accuracy", "attentive_clip_accuracy"}
    for variable in set(tables.recipes["variable"]) - expected:
        score = {"metric": variable} if variable.endswith("accuracy") else {}
        probe = "plausibility" if score else variable
        readout = Readout(
            config.recipes[f"{probe}.reference"], "validation", curve(np.zeros(24)), {}, **score
        )
        clips = movies if score else CLIPS
        assert recipe_differences(readout, clips, tables.recipes) == (), variable
    for variable in expected:  # the embedded model's attentive probe is smaller, and says so
        readout = Readout(
            config.recipes["plausibility_attentive.reference"],
            "validation",
            curve(np.zeros(24)),
            {},
            metric=variable.removeprefix("attentive_"),
        )
        found = recipe_differences(readout, movies, tables.recipes)
        assert {one.partition(":")[0] for one in found} == {
            f"solver.{name}" for name in ("depth", "heads", "epochs", "patience")
        }
