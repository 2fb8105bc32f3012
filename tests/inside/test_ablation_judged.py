"""From clips through a tiny encoder to the table; from planted tables to verdict and picture."""

import numpy as np
import pandas as pd
import pytest

from inside.drawn_files import not_as_declared
from inside.inside_samples import CHOSEN, SPEC, measured, write_dataset
from pez.emergence.facts import ModelFacts
from pez.figures.inside.draw import build_inside
from pez.figures.inside.shown import shown
from pez.figures.spec import FigureStyle
from pez.figures.style import styled
from pez.inside.judged import Facts, to_markdown
from pez.inside.registry import find_inside_section, judge
from pez.inside.spec import InsideSpec
from pez.runtime.tables import open_table, write_table

READINGS = ("frozen", "recentred", "refit")
PASSES = {  # R2 of direction and of place after each
    ("none", "whole", "none"): (0.95, 0.9),
    ("zone", "s3", "window"): (0.5, 0.88),
    ("zone", "s3", "random"): (0.9, 0.87),
    ("zone", "s3", "far"): (0.92, 0.86),
    ("zone", "t1", "window"): (0.6, 0.8),
    ("zone", "t1", "random"): (0.8, 0.8),
    ("zone", "t1", "far"): (0.85, 0.8),
    ("first", "t1", "window"): (0.3, 0.8),
}


def ablation_spec(**changes: object) -> InsideSpec:
    fields = {
        "kind": "window_ablation",
        "dataset": "velocity",
        "clips_per_condition": 3,
        "models": ["tiny"],
        "windows": [{"spatial": 1}, {"temporal": 1, "spatial": 1}],
        "elsewhere": [{"temporal": 0}],
        "folds": 2,
        "draws": 200,
        "figures": {"table4": "window_ablation"},
    }
    return find_inside_section("window_ablation").model_validate(fields | changes)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dataset")
    write_dataset(folder)
    return open_table(measured(folder, tmp_path_factory.mktemp("inside"), ablation_spec()))


def test_every_pass_task_and_reading_has_a_row_for_every_clip(table) -> None:
    rows = table.table
    passes = rows[["window", "keys", "where"]].drop_duplicates()
    assert len(passes) == 1 + 2 * 3 + 2
    assert set(rows["task"]) == {"direction", "direction_by_patch", "place"}
    assert set(rows["reading"]) == set(READINGS)
    end = table.metadata["end"]
    states = {end, SPEC.layers}
    assert set(rows.loc[rows["task"] == "direction", "state"]) == states
    assert set(rows.loc[rows["task"] == "direction_by_patch", "state"]) == {end}
    clips = rows["clip_id"].nunique()
    assert end < SPEC.layers
    at_end, later = 2 + 1, 2  # tasks; before the last blocks nothing is taken by the last pass
    expected = (len(passes) - 1) * at_end + len(passes) * later
    assert len(rows) == expected * len(READINGS) * clips
    assert set(CHOSEN) <= set(rows["clip_id"])
    assert np.isfinite(rows[["loss", "total"]]).all().all()


def test_with_nothing_taken_all_readings_agree_and_with_something_they_do_not(table) -> None:
    rows = table.table.pivot_table(
        index=["window", "keys", "where", "state", "task"], columns="reading", values="loss"
    )
    whole = rows.loc["whole"]
    np.testing.assert_allclose(whole["frozen"], whole["refit"], rtol=1e-6)
    taken = rows.drop("whole")
    assert (np.abs(taken["frozen"] - taken["refit"]) > 1e-6).any()


def planted(path, local: bool, worse: float) -> None:
    """Write a table of clips that all have the planted score, some a little more."""
    condition = np.repeat(np.arange(20), 2)
    scatter = np.random.default_rng(0).normal(0, 0.05, len(condition))
    parts = []
    for number, ((where, window, keys), scores) in enumerate(PASSES.items()):
        for task, score in (
            *zip(("direction", "place"), scores, strict=True),
            ("direction_by_patch", scores[0] / 2),
        ):
            if not local and keys == "window" and where == "zone" and task == "direction":
                score = 0.95
            for reading in READINGS:
                for state in (5,) if task == "direction_by_patch" else (5, 12):
                    own = np.roll(scatter, number)
                    parts.append(
                        pd.DataFrame(
                            {
                                "where": where,
                                "window": window,
                                "keys": keys,
                                "removed": 0.0 if window == "whole" else 0.1,
                                "empty": 0.0,
                                "state": state,
                                "task": task,
                                "reading": reading,
                                "clip_id": [f"clip_{clip}" for clip in range(len(condition))],
                                "condition": condition,
                                "loss": 1 - score + worse + own - own.mean(),
                                "total": 1.0,
                            }
                        )
                    )
    rows = pd.concat(parts, ignore_index=True)
    write_table(path, rows, {
        "model": "tiny", "dataset": "velocity", "kind": "window_ablation", "end": 5,
        "clip_ids": [f"clip_{clip}" for clip in range(len(condition))], "labels": "1",
        "source": "2", "precision": "fp32", "preprocessing": "resize", "input_size": 256,
        "weights_checksum": "3", "grid": {"tubelets": 8, "rows": 16, "columns": 16},
    })  # fmt: skip


def judged(tmp_path, local: bool = True, worse: float = 0.0):
    path = tmp_path / "tiny.parquet"
    planted(path, local, worse)
    facts = ModelFacts(layers=12, source="embedded", weights="weights of a test")
    spec = ablation_spec(windows=[{"spatial": 3}, {"temporal": 1}])
    return judge(spec, [path], Facts("table4", "window_ablation", {"tiny": facts}, "made up"))


def test_windows_that_cost_more_than_other_keys_are_called_local(tmp_path) -> None:
    found = judged(tmp_path).verdict
    (said,) = found.models
    assert said.answer == "yes" and "s3, t1" in said.reason
    numbers = {number.name: number.value for number in said.numbers}
    assert numbers["beyond: s3 against random"] == pytest.approx(0.4)
    assert numbers["interaction: s3 against random"] == pytest.approx(0.4 - (-0.01))
    page = to_markdown(found)
    assert "s3: without 10.0 % of the keys R2 0.50" in page
    assert "without as many random keys 0.90" in page
    assert "Not a reproduction" in page


def test_windows_that_cost_no_more_are_not(tmp_path) -> None:
    (said,) = judged(tmp_path, local=False).verdict.models
    assert said.answer == "no"


def test_where_direction_is_not_read_there_is_nothing_to_lose(tmp_path) -> None:
    (said,) = judged(tmp_path, worse=1.0).verdict.models
    assert said.answer == "undecided" and "not read with all keys" in said.reason


def test_every_score_is_a_mark_where_it_belongs(tmp_path) -> None:
    series, style = judged(tmp_path).series, FigureStyle(dpi=100)
    with styled(style):
        picture = build_inside("window_ablation", series, shown({"tiny": "of a test"}, "40"), style)
        axes = picture.figure.axes
        assert len(axes) == 3 * 5  # readings x (direction and place at two states, patches at one)
        first = {line.get_gid(): line for line in axes[0].get_lines() if line.get_gid()}
        assert first["whole"].get_xdata()[0] == pytest.approx(0.95)
        near = first["none/window"]
        assert list(near.get_xdata()) == pytest.approx([0.5, 0.6, 0.3])
        assert list(near.get_ydata()) == [0, 1, 2]
    assert "s3 (10 %)" in set(picture.table["row"]) and "t1, first blocks" in set(
        picture.table["row"]
    )
    assert not_as_declared("window_ablation", series, tmp_path) == []
