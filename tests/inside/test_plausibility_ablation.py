"""Windows of keys taken from movies: scores, and from a tiny encoder to verdict and picture."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from inside.inside_samples import measured, opened
from inside.prediction_samples import SPEC, write_movies
from pez.emergence.facts import ModelFacts
from pez.figures.inside.draw import build_inside
from pez.figures.inside.shown import shown
from pez.figures.spec import FigureStyle
from pez.figures.style import styled
from pez.inside.ablation.goals import goal_of
from pez.inside.judged import Facts, Judged, to_markdown
from pez.inside.measure import measure_network
from pez.inside.registry import find_inside_section, judge
from pez.inside.spec import InsideSpec
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import Opened, open_table, read_table, write_table

READINGS = ("frozen", "recentred", "refit")


def section(**changes: object) -> InsideSpec:
    fields = {
        "kind": "plausibility_ablation", "dataset": "mini", "models": ["tiny"],
        "windows": [{"spatial": 1}], "folds": 3, "draws": 200,
        "figures": {"table4_plausibility": "window_ablation"},
    }  # fmt: skip
    return find_inside_section("plausibility_ablation").model_validate(fields | changes)


def scenes(count: int) -> pd.DataFrame:
    """Labels of whole scenes, with the movies of a pair apart."""
    rows = np.arange(4 * count)
    return pd.DataFrame(
        {
            "clip_id": [f"movie_{row}" for row in rows],
            "condition": rows // 4,
            "pair": rows % 2,
            "possible": (rows % 4 >= 2).astype(int),
        }
    )


def test_a_pair_is_told_by_which_of_its_movies_is_higher() -> None:
    """Scene 0: pair 0 right, pair 1 wrong. Scene 1: pair 0 looks alike, pair 1 right."""
    goal = goal_of("plausibility", scenes(2))
    told = np.array([0.1, 0.9, 0.3, 0.2, 0.5, -2, 0.5, -1])[None, :, None]
    np.testing.assert_array_equal(goal.losses(told), [0, 1, 0, 1, 0.5, 0, 0.5, 0])
    np.testing.assert_array_equal(goal.totals(), np.ones(8))
    two = np.concatenate([told, -told])  # two probes, one the reverse of the other
    np.testing.assert_array_equal(goal.losses(two), np.full(8, 0.5))


def test_the_score_of_measured_targets_is_r2() -> None:
    labels = pd.DataFrame({"start_x_m": [0.0, 1, 2, 3], "start_y_m": [1.0, 1, 1, 1]})
    goal = goal_of("place", labels)
    off = goal.targets + np.array([0.5, 0])
    assert 1 - goal.losses(off[None]).sum() / goal.totals().sum() == pytest.approx(1 - 1 / 5)


@pytest.fixture(scope="module")
def movies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("movies")
    write_movies(folder)
    return folder


def given(folder: Path) -> dict[str, object]:
    return {"clips": [folder / "shard_000.safetensors"]}


@pytest.fixture(scope="module")
def table(movies: Path, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    folder = tmp_path_factory.mktemp("inside")
    asked = section(matched=["random", "far", "mass"])
    return open_table(measured(movies, folder, asked, **given(movies)))


def test_every_pass_and_reading_has_a_row_for_every_movie(table: Opened) -> None:
    rows = table.table
    end = table.metadata["end"]
    assert set(rows["task"]) == {"plausibility"} and set(rows["reading"]) == set(READINGS)
    assert set(rows["state"]) == {end, SPEC.layers}
    assert set(rows["keys"]) == {"none", "window", "random", "far", "mass"}
    assert rows["clip_id"].nunique() == 12 and rows["condition"].nunique() == 3
    assert len(rows) == 5 * 3 * 2 * 12
    assert rows["loss"].isin((0, 0.5, 1)).all() and (rows["total"] == 1).all()
    taken = rows.groupby("keys", observed=True)["removed"].first()
    assert 0 < taken["mass"] < 1 and taken["random"] == taken["window"]  # how many, attention says
    whole = rows[rows["window"] == "whole"].pivot_table(
        index=["state", "clip_id"], columns="reading", values="loss"
    )
    assert (whole["frozen"] == whole["refit"]).all()


def test_scenes_that_are_not_whole_are_refused(movies: Path, tmp_path: Path) -> None:
    labels = open_table(movies / "labels.parquet")
    changed = labels.table.assign(pair=0)
    write_table(tmp_path / "labels.parquet", changed, labels.metadata)
    network = opened(movies, section(), **given(movies), labels=tmp_path / "labels.parquet")
    with pytest.raises(ArtifactError, match="two pairs of one possible and one impossible"):
        measure_network(section(), network, tmp_path / "tiny.parquet")


def planted(path: Path, scores: dict[str, float]) -> None:
    """Write a table whose pair accuracy after every removal of keys is planted."""
    labels = scenes(40)
    parts = []
    for keys, score in scores.items():
        wrong = np.arange(40) < round(40 * (1 - score))
        for reading in READINGS:
            for state in (5, 12):
                parts.append(
                    labels[["clip_id", "condition"]].assign(
                        window="whole" if keys == "none" else "s3",
                        keys=keys, where="none" if keys == "none" else "zone",
                        removed={"none": 0.0, "mass": 0.3}.get(keys, 0.1), empty=0.0, state=state,
                        task="plausibility", reading=reading,
                        loss=wrong[labels["condition"]].astype(float), total=1.0,
                    )
                )  # fmt: skip
    write_table(path, pd.concat(parts, ignore_index=True), {
        "model": "tiny", "dataset": "mini", "kind": "plausibility_ablation", "end": 5,
        "clip_ids": list(labels["clip_id"]), "labels": "1", "source": "2", "precision": "fp32",
        "preprocessing": "resize", "input_size": 256, "weights_checksum": "3",
        "grid": {"tubelets": 8, "rows": 16, "columns": 16},
    })  # fmt: skip


def judged(folder: Path, scores: dict[str, float]) -> Judged:
    path = folder / "tiny.parquet"
    planted(path, scores)
    facts = ModelFacts(layers=12, source="embedded", weights="weights of a test")
    made = Facts("table4_plausibility", "window_ablation", {"tiny": facts}, "made up")
    return judge(section(windows=[{"spatial": 3}]), [path], made)


def test_windows_that_movies_need_are_told_from_windows_that_they_do_not(tmp_path: Path) -> None:
    near = judged(tmp_path, {"none": 0.95, "window": 0.55, "random": 0.9, "far": 0.9}).verdict
    (said,) = near.models
    assert said.answer == "yes"
    assert near.brackets == "90 % interval over scenes"
    assert near.clips == "160 of mini (made up)"
    numbers = {number.name: number.value for number in said.numbers}
    assert numbers == {
        "beyond: s3 against random": pytest.approx(0.35),
        "beyond: s3 against far": pytest.approx(0.35),
    }
    page = to_markdown(near)
    assert "plausibility is read with pair accuracy 0.95" in page and "R2" not in page
    (said,) = judged(
        tmp_path, {"none": 0.95, "window": 0.9, "random": 0.9, "far": 0.85}
    ).verdict.models
    assert said.answer == "no"


def test_keys_of_the_same_attention_count_as_a_matched_removal(tmp_path: Path) -> None:
    """A window that costs more than as many keys, but no more than keys attended to as much."""
    scores = {"none": 0.95, "window": 0.55, "random": 0.9, "far": 0.9, "mass": 0.5}
    verdict = judged(tmp_path, scores).verdict
    (said,) = verdict.models
    assert said.answer == "no"
    numbers = {number.name: number.value for number in said.numbers}
    assert numbers["beyond: s3 against mass"] == pytest.approx(-0.05)
    assert "without random keys of the same attention 0.50" in to_markdown(verdict)


def test_at_chance_there_is_nothing_to_lose(tmp_path: Path) -> None:
    (said,) = judged(
        tmp_path, {"none": 0.55, "window": 0.3, "random": 0.5, "far": 0.5}
    ).verdict.models
    assert said.answer == "undecided" and "plausibility is not read" in said.reason


def test_its_picture_has_chance_at_one_half(tmp_path: Path) -> None:
    scores = {"none": 0.95, "window": 0.55, "random": 0.9, "far": 0.85, "mass": 0.8}
    series, style = judged(tmp_path, scores).series, FigureStyle(dpi=100)
    with styled(style):
        picture = build_inside(
            "window_ablation", series, shown({"tiny": "of a test"}, "160"), style
        )
    axes = picture.figure.axes
    assert len(axes) == 3 * 2  # readings x states
    assert set(picture.table["row"]) == {"", "s3 (10 %)"}  # also of other keys in its place
    assert all(one.get_xlabel().startswith("Pair accuracy, ") for one in axes)
    lines = {line.get_gid(): line for line in axes[0].get_lines() if line.get_gid()}
    assert lines["chance"].get_xdata()[0] == 0.5
    assert list(lines["none/window"].get_xdata()) == pytest.approx([0.55])
    assert "over scenes" in picture.caption and "R2" not in picture.caption


def test_the_labels_of_the_tables_are_those_of_the_dataset(movies: Path, table: Opened) -> None:
    labels = read_table(movies / "labels.parquet", ["clip_id", "block", "scene"])
    scene = table.table.drop_duplicates("clip_id").set_index("clip_id")["condition"]
    by_scene = labels.groupby(["block", "scene"])["clip_id"]
    assert all(scene[list(clips)].nunique() == 1 for _, clips in by_scene)
