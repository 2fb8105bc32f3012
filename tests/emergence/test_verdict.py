"""Every verdict level from tables constructed to give it, near misses included."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pez.emergence.curves import Curve
from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.pages import to_markdown, write_verdict
from pez.emergence.readout import Readout
from pez.emergence.reference import References, numbers_of, read_references
from pez.emergence.report import Evidence, FigureVerdict, judge
from pez.emergence.verdict import OVERALL, Comparison, compare
from pez.probes.spec import ProbeSpec
from pez.runtime.errors import ArtifactError

FOLDER = Path(__file__).parents[2] / "resources" / "reference"
LARGE = ModelFacts(layers=24, source="checkpoint", weights="vitl.pt, target_encoder")
CLIPS = ClipsFacts(renderer="kubric", samples=16, datasets={"velocity": 392, "acceleration": 280})


@pytest.fixture(scope="module")
def tables() -> References:
    names = ("third_party.csv", "paper_readings.csv", "third_party_recipes.csv")
    return read_references(*(FOLDER / name for name in names))


def probe(target: str, **changes: str) -> ProbeSpec:
    recipe = {
        "dataset": "acceleration" if target.startswith("acceleration") else "velocity",
        "target": target,
        "capture": "resid_post",
        "pooling": "temporal_last",
        "grouping": "direction_spatial_sector",
        "normalisation": "zscore",
        "solver": "trainable",
    }
    return ProbeSpec.model_validate(recipe | changes)


POLAR = {
    "speed": probe("speed"),
    "direction": probe("direction_angle"),
    "acceleration": probe("acceleration"),
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
    curves: dict[str, np.ndarray], tables: References, probes: dict[str, ProbeSpec] = POLAR
) -> Comparison:
    return compare("vjepa2_large", readouts(curves, probes), CLIPS, tables)[0]


def readouts(curves: dict[str, np.ndarray], probes: dict[str, ProbeSpec]) -> list[Readout]:
    control = {"validation": curve(np.full(24, 0.1))}
    return [
        Readout(name, probes[name], {"validation": curve(mean)}, control)
        for name, mean in curves.items()
    ]


def test_the_third_party_curves_themselves_are_qualified(tables: References) -> None:
    found = compared(third_party_curves(), tables)
    assert [rule for rule in found.rules if not rule.passed] == []
    assert found.level == "Qualified"
    assert found.matching_probes == ("speed", "direction", "acceleration")
    assert found.recipe_differences == ()


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


def test_two_recipes_are_partial_however_well_they_match(tables: References) -> None:
    probes = {
        "velocity_xy": probe(
            "velocity_xy",
            pooling="temporal_last_patch",
            grouping="magnitude_spatial_sector",
            normalisation="center",
        ),
        "acceleration_xy": probe("acceleration_xy", grouping="magnitude", normalisation="center"),
    }
    curves = {
        "velocity_xy": through(l0=0.527, l8=0.908, l12=0.926, l23=0.908),
        "acceleration_xy": through(l0=0.454, l8=0.915, l21=0.944, l23=0.939),
    }
    found = compared(curves, tables, probes)
    assert found.matching_probes == ("velocity_xy", "acceleration_xy")
    assert found.recipe_differences == ()
    assert found.level == "Partial"
    one = {name: probe(name) for name in probes}
    found = compared(curves, tables, one)
    assert found.level == "Qualified"
    assert any("grouping" in difference for difference in found.recipe_differences)


def test_a_probe_without_reference_numbers(tables: References) -> None:
    found = compared({"vx": through(l0=0.1, l23=0.9)}, tables, {"vx": probe("velocity_x")})
    assert found.level == "No reference"
    assert found.rules == ()


def judged(tables: References, model: str, facts: ModelFacts, clips: ClipsFacts) -> FigureVerdict:
    evidence = {model: Evidence(readouts(third_party_curves(), POLAR))}
    return judge("figure2c", evidence, POLAR, {model: facts}, clips, tables)


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
        (LARGE.model_copy(update={"source": "random"}), CLIPS, "untrained"),
        (LARGE.model_copy(update={"source": "embedded"}), CLIPS, "trained by this project"),
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
    verdict = judged(tables, "vjepa2_huge", LARGE, CLIPS)
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
        assert set(table["variable"]) <= set(tables.recipes["variable"])
    assert tables.paper["source"].str.contains("read off|text").all()


def test_a_damaged_reference_table_is_named(tmp_path: Path) -> None:
    pd.DataFrame({"model": []}).to_csv(tmp_path / "t.csv")
    with pytest.raises(ArtifactError, match=r"t\.csv lacks the column\(s\) variable"):
        read_references(tmp_path / "t.csv", tmp_path / "t.csv", tmp_path / "t.csv")
    with pytest.raises(ArtifactError, match=r"none\.csv does not exist"):
        read_references(tmp_path / "none.csv", tmp_path / "t.csv", tmp_path / "t.csv")
