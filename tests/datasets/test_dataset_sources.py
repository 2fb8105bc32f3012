"""What every source of datasets owes the rest of the code."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from conftest import CHECKOUT
from own_clips.videos import write_set
from pez.clips.labels import LABEL_COLUMNS
from pez.clips.spec import ClipsConfig
from pez.config.load import load_config
from pez.datasets.registry import dataset, find_source, source_names
from pez.datasets.source import Source
from pez.emergence.facts import ClipsFacts
from pez.intphys.index import COLUMNS as INDEX_COLUMNS
from pez.objects.columns import LABEL_COLUMNS as OBJECTS_LABEL_COLUMNS
from pez.recipes.kinds import TARGETS
from pez.recipes.spec import GroupingName
from pez.runtime.errors import ConfigError

ENTRIES: dict[str, dict[str, Any]] = {
    "balls": {"motion": "velocity", "magnitudes": [1, 2]},
    "intphys_generated": {"scenes": 2},
    "intphys": {"root": "dev"},
    "folder": {"root": "clips", "shard_size": 10},
    "objects": {"clips": 5, "shard_size": 2},
}


@pytest.fixture(params=source_names())
def found(request: pytest.FixtureRequest, tmp_path: Path) -> Source[Any]:
    """A dataset of every source, with what it reads in place."""
    values = {**ENTRIES[request.param], "source": request.param}
    if "root" in values:
        values["root"] = str(tmp_path / values["root"])
        write_set(tmp_path / "clips", clips=3)
        (tmp_path / "dev").mkdir()
    entry = find_source(request.param).entry_type.model_validate(values)
    return dataset("some", entry, ClipsConfig(), "out")


def test_every_source_is_tried_here() -> None:
    assert set(ENTRIES) == set(source_names())


def test_it_counts_its_clips_and_names_its_files(found: Source[Any]) -> None:
    assert found.problem() is None and found.is_there
    assert (found.shards - 1) * found.shard_size < found.count <= found.shards * found.shard_size
    assert len(set(found.shard_files)) == found.shards
    folder = f"out/{found.place}/some/"
    for path in (found.labels, found.clip_list, *found.shard_files):
        assert path.startswith(folder)


def test_its_jobs_are_those_of_rules(found: Source[Any]) -> None:
    text = "".join(path.read_text() for path in (CHECKOUT / "rules").glob("*.smk"))
    for rule, job in [*found.jobs, *found.clip_jobs(range(found.shards))]:
        assert f"{{OUT}}/benchmarks/{rule}/" in text and job.startswith("some")
    rules = {rule for rule, _ in found.jobs}
    assert {found.labels_rule, found.clips_rule} <= rules
    assert re.search(rf"^rule {found.preview_rule}:", text, re.MULTILINE)
    assert found.target in ("clips", "intphys")


def test_its_labels_carry_its_targets_and_groupings(found: Source[Any]) -> None:
    names = [column.name for column in found.columns]
    assert len(set(names)) == len(names) > 0
    assert not {"clip_id", "dataset"} & set(names)
    for target in found.targets:
        assert set(TARGETS[target].columns) <= set(names)
    assert found.groupings and set(found.groupings) <= set(get_args(GroupingName))
    assert all(1 <= most <= found.count for most in found.groupings.values())
    assert 1 <= found.most_groups(names[:1]) <= found.most_groups(names) <= found.count
    assert found.column("nothing of the kind") is None


def test_its_origin_can_be_told_in_a_caption(found: Source[Any]) -> None:
    frames = found.frames
    facts = {"renderer": frames.renderer, "samples": frames.samples, "sampling": frames.sampling}
    assert len(ClipsFacts.model_validate({**facts, "datasets": {"some": found.count}}).origin) > 5
    assert found.varies


def test_labels_of_balls_and_movies_are_those_that_are_written() -> None:
    config = load_config(yaml.safe_load((CHECKOUT / "config.yaml").read_text()), CHECKOUT)
    for name in ("velocity", "acceleration"):
        columns = [column.name for column in config.sets[name].columns]
        assert ("clip_id", "dataset", *columns) == LABEL_COLUMNS
    columns = [column.name for column in config.sets["intphys_mini"].columns]
    assert (*columns, "folder") == INDEX_COLUMNS
    columns = [column.name for column in config.sets["objects"].columns]
    assert ("clip_id", "dataset", *columns) == OBJECTS_LABEL_COLUMNS


def test_several_sets_of_one_source_have_scenes_of_their_own() -> None:
    raw = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    raw["datasets"]["near"] = {**raw["datasets"]["velocity"], "scene": {"camera_height_m": 8}}
    raw["datasets"]["other"] = {**raw["datasets"]["intphys_mini"], "seed": 7}
    sources = load_config(raw, CHECKOUT).sets
    assert sources["near"].scene.camera_height_m == 8
    assert sources["near"].scene.frames == sources["velocity"].scene.frames
    assert sources["velocity"].scene.camera_height_m == 10
    assert sources["other"].mini.seed == 7 and sources["other"].root != sources["intphys_mini"].root
    raw["datasets"]["near"]["scene"] = {"physics_hz": 250}
    with pytest.raises(
        ConfigError, match=r"datasets\.near\.scene \(laid over clips\.scene\): phys"
    ):
        load_config(raw, CHECKOUT)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"root": None}, r"datasets\.own\.root = None is no folder"),
        ({"root": "nowhere"}, r"datasets\.own\.root = 'nowhere' is no folder"),
        ({"labels": "nowhere.csv"}, r"datasets\.own\.labels: nowhere\.csv is no file"),
        ({"clip_column": "file"}, r"has no column 'file' \(columns: clip, speed, direction"),
    ],
)
def test_a_folder_that_cannot_be_read_says_so(
    tmp_path: Path, values: dict[str, Any], problem: str
) -> None:
    root = str(write_set(tmp_path / "clips", clips=2))
    entry = find_source("folder").entry_type.model_validate(
        {"source": "folder", "root": root, **values}
    )
    own = dataset("own", entry, ClipsConfig(), "out")
    assert re.search(problem, str(own.problem()))
