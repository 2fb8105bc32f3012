"""Scenes of several objects: planted features with known answers, and what is said of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from inside.drawn_files import not_as_declared
from inside.inside_samples import IDS, SPEC, opened, write_dataset
from pez.audit.folds import make_plan
from pez.emergence.facts import ModelFacts
from pez.figures.inside.draw import build_inside
from pez.figures.inside.shown import shown
from pez.figures.spec import FigureStyle
from pez.figures.style import styled
from pez.inside.judged import Facts, Judged, to_markdown
from pez.inside.measure import measure_network
from pez.inside.registry import find_inside_section, judge
from pez.inside.scenes.tasks import Classes, Marks, numbers_of_objects, scene_tasks
from pez.inside.tasks.reading import read_task
from pez.objects.columns import OBJECT_COLUMNS
from pez.runtime.errors import ConfigError
from pez.runtime.tables import open_table, write_table

TASKS = ("count", "kinds", "moving", "collision")
CHANCE = dict(zip(TASKS, (0.25, 0.5, 1 / 3, 0.5), strict=True))
CLIPS, STATES, ALPHAS = 240, 9, (1e-2, 1.0, 1e2, 1e4)
FIELDS = {
    "kind": "scene_tasks", "dataset": "velocity", "models": ["tiny"], "folds": 3, "draws": 300,
    "permutations": 20, "controls": {"untrained": [1]},
    "figures": {"figure12_objects": "scene_tasks"},
}  # fmt: skip
SECTION = find_inside_section("scene_tasks").model_validate(FIELDS)


def scenes(clips: int = CLIPS) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Labels and objects of made-up scenes: 2 to 5 objects of 6 kinds; a quarter collide."""
    random = np.random.default_rng(0)
    count = np.resize(np.arange(2, 6), clips)
    ids = [f"clip_{clip:03d}" for clip in range(clips)]
    labels = pd.DataFrame(
        {
            "clip_id": ids,
            "objects": random.permutation(count),
            "moving": random.integers(1, 4, clips),
            "collided": random.random(clips) < 0.25,
            "condition": np.arange(clips),
        }
    )
    rows = [
        (clip, f"kind_{kind}")
        for clip, held in zip(ids, labels["objects"], strict=True)
        for kind in random.permutation(6)[:held]
    ]
    return labels, pd.DataFrame(rows, columns=["clip_id", "kind"])


def accuracy(task: Classes | Marks, told: np.ndarray) -> float:
    """Accuracy from features that hold ``told`` [clips, k], mixed with noise."""
    random = np.random.default_rng(1)
    features = told @ random.normal(size=(told.shape[1], 40))
    features = features + 0.3 * random.normal(size=features.shape)
    labels, _ = scenes()
    folds = make_plan(labels, "video", 42, 3).folds
    read = read_task(task, torch.from_numpy(features).float()[None], folds, ALPHAS, 20, 0)
    assert read.permuted.mean() == pytest.approx(task.chance, abs=0.05)
    return float(read.right.mean())


@pytest.mark.parametrize("name", TASKS)
def test_what_features_hold_is_read_and_nothing_else(name: str) -> None:
    task = scene_tasks(*scenes())[name]
    assert task.chance == CHANCE[name]
    assert accuracy(task, task.targets) > 0.9
    nothing = np.zeros((CLIPS, 1))
    assert accuracy(task, nothing) == pytest.approx(task.chance, abs=0.1)


@pytest.mark.parametrize("name", TASKS)
def test_one_answer_to_all_is_chance_however_rare_the_other(name: str) -> None:
    task = scene_tasks(*scenes())[name]
    outputs = task.targets.shape[1]
    for sign in (-1.0, 1.0):
        always = np.full((1, CLIPS, outputs), sign)
        assert task.right(always).mean() == pytest.approx(task.chance)
    assert task.right(task.targets[None] - 0.5).mean() == pytest.approx(1)


def test_numbers_of_objects_tell_what_they_decide() -> None:
    labels, objects = scenes()
    labels["collided"] = labels["moving"] == 3
    tasks = scene_tasks(labels, objects)
    numbers = numbers_of_objects(labels, tasks)
    assert set(numbers) == {"kinds", "moving", "collision"}
    assert numbers["collision"].shape == (CLIPS, 4 + 3) and numbers["moving"].shape == (CLIPS, 4)
    folds = make_plan(labels, "video", 42, 3).folds

    def told(name: str) -> float:
        features = torch.from_numpy(numbers[name])[None]
        return float(read_task(tasks[name], features, folds, ALPHAS, 20, 0).right.mean())

    assert told("collision") > 0.95
    assert told("moving") == pytest.approx(1 / 3, abs=0.1)
    assert 0.5 < told("kinds") < 0.75


def test_a_task_that_all_clips_answer_alike_is_left_out() -> None:
    labels, objects = scenes()
    labels = labels.assign(collided=False, moving=2)
    objects = pd.concat([objects, objects.drop_duplicates("clip_id").assign(kind="everywhere")])
    tasks = scene_tasks(labels, objects)
    assert set(tasks) == {"count", "kinds"}
    assert tasks["kinds"].targets.shape == (CLIPS, 6)


def objects_table(clips: list[str]) -> pd.DataFrame:
    rows = [
        {**dict.fromkeys(OBJECT_COLUMNS, 0.0), "clip_id": clip, "object": one, "frame": frame,
         "kind": f"kind_{(number + one) % 3}"}
        for number, clip in enumerate(clips) for one in range(2) for frame in range(3)
    ]  # fmt: skip
    return pd.DataFrame(rows)[list(OBJECT_COLUMNS)]


def test_a_network_is_measured_on_every_clip(tmp_path: Path) -> None:
    write_dataset(tmp_path)
    network = opened(tmp_path, SECTION, objects=tmp_path / "objects.parquet")
    source = write_table(tmp_path / "objects.parquet", objects_table(IDS), {"dataset": "velocity"})
    network.identity["source"] = source  # type: ignore[index]
    number = np.arange(len(IDS))
    labels = network.labels.assign(objects=2, moving=1 + number % 2, collided=number % 3 == 0)
    measure_network(SECTION, replace(network, labels=labels), tmp_path / "tiny.parquet")
    found = open_table(tmp_path / "tiny.parquet")
    assert set(found.table["task"]) == {"kinds", "moving", "collision"}
    read = found.table[found.table["read_from"] == "network"]
    assert len(read) == 3 * (SPEC.layers + 1) * len(IDS)
    assert (found.table.loc[found.table["read_from"] == "numbers", "state"] == 0).all()
    assert set(found.metadata["floor"]) == set(found.metadata["chance"]) == set(read["task"])
    few = SECTION.model_copy(update={"folds": len(IDS) + 1})
    with pytest.raises(ConfigError, match=f"folds = {len(IDS) + 1} for {len(IDS)} clips"):
        measure_network(few, replace(network, labels=labels), tmp_path / "none.parquet")


def planted(path: Path, rises: dict[str, float], numbers: float) -> Path:
    """Write a table in which every task steps from chance to a share at a state of its own."""
    random = np.random.default_rng(len(path.stem))
    ids = [f"clip_{clip}" for clip in range(CLIPS)]

    def rows(task: str, read_from: str, state: int, share: float) -> pd.DataFrame:
        right = (random.random(CLIPS) < CHANCE[task] + share).astype(float)
        return pd.DataFrame(
            {"task": task, "read_from": read_from, "state": state, "clip_id": ids,
             "condition": np.arange(CLIPS), "right": right}
        )  # fmt: skip

    parts = [
        rows(task, "network", state, rises.get(task, 0.0) if state >= 3 + place else 0.0)
        for place, task in enumerate(TASKS)
        for state in range(STATES)
    ]
    parts += [rows(task, "numbers", 0, numbers) for task in TASKS[1:]]
    write_table(path, pd.concat(parts, ignore_index=True), {
        "model": path.stem, "dataset": "velocity", "kind": "scene_tasks", "chance": CHANCE,
        "floor": dict.fromkeys(TASKS, 0.15), "clip_ids": ids, "labels": "1", "source": "2",
        "precision": "fp32", "preprocessing": "resize", "input_size": 256,
        "weights_checksum": path.stem, "grid": {"tubelets": 8, "rows": 16, "columns": 16},
    })  # fmt: skip
    return path


def judged(
    folder: Path, own: dict[str, float], untrained: dict[str, float] | None, numbers: float = 0.0
) -> Judged:
    paths = [planted(folder / "tiny.parquet", own, numbers)]
    if untrained is not None:
        paths.append(planted(folder / "tiny_untrained.parquet", untrained, numbers))
    spec = SECTION.model_copy(update={"controls": {} if untrained is None else {"untrained": [1]}})
    facts = ModelFacts(layers=STATES - 1, source="embedded", weights="weights of a test")
    made = Facts("figure12_objects", "scene_tasks", {"tiny": facts}, "made up")
    return judge(spec, paths, made)


ALL = dict.fromkeys(TASKS, 0.4)


@pytest.mark.parametrize(
    ("own", "untrained", "numbers", "answer"),
    [
        (ALL, {"count": 0.3}, 0.1, "yes"),
        (ALL, ALL, 0.1, "no or undecided"),
        (ALL, {}, 0.45, "no or undecided"),
        ({"count": 0.4}, {}, 0.1, "no"),
        (ALL, None, 0.1, "undecided"),
    ],
)
def test_collisions_count_where_nothing_simpler_tells_them(
    tmp_path: Path, own: dict, untrained: dict | None, numbers: float, answer: str
) -> None:
    found = judged(tmp_path, own, untrained, numbers).verdict
    (said,) = found.models
    assert said.answer in answer.split(" or ")
    page = to_markdown(found)
    assert "More objects collide more often" in page and "Not a reproduction" in page
    numbers_said = {one.name: one.value for one in said.numbers}
    beyond = numbers_said["collision: best state less numbers of objects"]
    expected = own.get("collision", 0.0) - numbers
    assert beyond == pytest.approx(expected, abs=0.15)


def test_every_curve_is_drawn_beside_what_numbers_tell(tmp_path: Path) -> None:
    series, style = judged(tmp_path, ALL, {}, 0.2).series, FigureStyle(dpi=100)
    with styled(style):
        picture = build_inside("scene_tasks", series, shown({"tiny": "of a test"}, "240"), style)
    axes = picture.figure.axes
    assert len(axes) == len(TASKS) + 2
    assert not_as_declared("scene_tasks", series, tmp_path) == []
    for task, panel in zip(TASKS, axes, strict=False):
        lines = {line.get_gid(): line for line in panel.get_lines()}
        own = series[(series["task"] == task) & (series["control"] == "none")]
        curve = 100 * own.loc[own["kind"] == "accuracy", "value"].to_numpy(float)
        np.testing.assert_allclose(lines["none"].get_ydata(), curve)
        assert ("numbers" in lines) == (task != "count")
        if task != "count":
            alone = 100 * own.loc[own["kind"] == "numbers", "value"].iloc[0]
            assert lines["numbers"].get_ydata()[0] == pytest.approx(alone)
    legend = " ".join(text.get_text() for one in picture.figure.legends for text in one.get_texts())
    assert "from the numbers of objects alone" in legend
