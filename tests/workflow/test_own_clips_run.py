"""Clips of people's own, from a folder of videos to the results of two probes, for real."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from snakemake.exceptions import WorkflowError

from conftest import SMOKE, SMOKE_OUT, Project, fresh_project
from declared_tables import differences
from own_clips.videos import write_set
from workflow.planning import plan

PROBES = ("own_speed.strict", "own_shade.strict", "own_shade.paper")
TABLES = [f"{SMOKE_OUT}/probes/vjepa2_tiny/{name}.parquet" for name in PROBES]
PREVIEW = f"{SMOKE_OUT}/clips/folder/own/preview.gif"


def overlay() -> dict:
    common = {"dataset": "own", "capture": "resid_post", "pooling": "temporal_last",
              "grouping": {"column": "group"}}  # fmt: skip
    own = {"grouping": {"column": "group"}, "pooling": "temporal_last"}
    return {
        "datasets": {"own": {"source": "folder", "root": "own", "resize": 64, "shard_size": 10,
                             "columns": {"speed": {"unit": "px/frame"}}}},
        "probes": {
            "own_speed": {**common, "target": {"column": "speed"}, "protocols": {"strict": own}},
            "own_shade": {**common, "target": {"column": "shade"},
                              "protocols": {"strict": own, "paper": own}},
        },
        "figures": {"own_classes": {"title": "Shade", "models": ["vjepa2_tiny"],
                                    "probes": ["own_shade"], "protocols": ["strict", "paper"],
                                    "controls": ["untrained"]}},
    }  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = fresh_project(tmp_path_factory.mktemp("own") / "project")
    write_set(project.folder / "own")
    (project.folder / "own.yaml").write_text(yaml.safe_dump(overlay()))
    targets = (*TABLES, PREVIEW, "own_classes")
    project.snakemake(*targets, "--cores", "2", overlays=("own.yaml",))
    return project


def test_probes_read_labels_by_their_columns(run: Project) -> None:
    speed, ridge, softmax = (pd.read_parquet(run.folder / path) for path in TABLES)
    told = pd.read_parquet(run.folder / TABLES[0].replace(".p", ".predictions.p"))
    labels = pd.read_csv(run.folder / "own/labels.csv").assign(
        clip_id=lambda rows: rows["clip"].str.removesuffix(".mp4")
    )
    told = told.merge(labels, on="clip_id")
    assert (told["target"] == told["speed"]).all() and told["clip_id"].nunique() == 24
    for (layer, fold), part in told.groupby(["layer", "fold"]):
        errors = ((part["prediction"] - part["speed"]) ** 2).sum()
        by_hand = 1 - errors / ((part["speed"] - part["speed"].mean()) ** 2).sum()
        rows = speed[(speed["layer"] == layer) & (speed["fold"] == fold)]
        assert rows.set_index("metric")["value"]["r2"] == pytest.approx(by_hand, abs=1e-6)
    for table in (ridge, softmax):
        mean = table.groupby("metric")["value"].mean()
        assert mean["accuracy"] > 0.9 and mean["balanced_accuracy"] > 0.9
        assert mean["chance"] == 0.5
    predictions = pd.read_parquet(run.folder / TABLES[1].replace(".p", ".predictions.p"))
    assert set(predictions["output"]) == {"bright", "dark"}
    assert predictions["clip_id"].nunique() == 24


def test_its_tables_are_as_declared(run: Project) -> None:
    assert differences(run.folder / SMOKE_OUT, "clips/folder/**/*") == []


def test_a_figure_shows_classes_beside_their_chance(run: Project) -> None:
    drawn = pd.read_csv(run.folder / SMOKE_OUT / "figures/own_classes.csv")
    assert set(drawn["metric"]) == {"accuracy"}
    assert set(drawn.loc[drawn["kind"] == "chance", "mean"]) == {0.5}
    own = drawn[(drawn["kind"] == "curve") & (drawn["control"] == "none")]
    assert own["mean"].max() > 0.9 and set(own["protocol"]) == {"strict", "paper"}
    assert (run.folder / SMOKE_OUT / "figures/own_classes.png").stat().st_size > 10_000


def test_new_labels_fit_again_and_extract_nothing(run: Project, tmp_path: Path) -> None:
    copy = run.copy(tmp_path / "copy")
    configfiles = (SMOKE, "own.yaml")
    assert not plan(copy.folder, TABLES, configfiles=configfiles)
    labels = copy.folder / "own/labels.csv"
    labels.write_text(labels.read_text().replace("clip_00.mp4,1", "clip_00.mp4,1.5"))
    planned = plan(copy.folder, TABLES, configfiles=configfiles)
    assert planned == {"label_folder": 1, "fit_probe": 3}
    (copy.folder / "own/clip_00.mp4").write_bytes((copy.folder / "own/clip_01.mp4").read_bytes())
    planned = plan(copy.folder, TABLES, configfiles=configfiles)
    assert planned["index_folder"] == 1 and planned["extract_vjepa2_tiny_own"] == 3


def test_a_copy_of_the_clips_elsewhere_is_the_same_data(run: Project, tmp_path: Path) -> None:
    copy = run.copy(tmp_path / "copy")
    (copy.folder / "own").rename(copy.folder / "moved")
    moved = {"datasets": {"own": {"root": "moved"}}}
    assert not plan(copy.folder, TABLES, moved, (SMOKE, "own.yaml"))


def test_what_cannot_be_read_is_named_when_it_is_asked_for(run: Project, tmp_path: Path) -> None:
    copy = run.copy(tmp_path / "copy")
    (copy.folder / "own/labels.csv").unlink()
    configfiles = (SMOKE, "own.yaml")
    plan(copy.folder, ["figure2c"], configfiles=configfiles)
    with pytest.raises(WorkflowError, match=r"label of 'own'|own/labels\.csv is no file"):
        plan(copy.folder, TABLES, configfiles=configfiles)


def test_notes_say_what_the_shards_are(run: Project) -> None:
    notes = run.folder / SMOKE_OUT / "provenance"
    found = {path.parent.name: json.loads(path.read_text()) for path in notes.rglob("own*.json")}
    assert {"index_folder", "label_folder", "decode_folder", "preview_folder"} <= set(found)
