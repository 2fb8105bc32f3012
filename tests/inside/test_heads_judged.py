"""From clips through a tiny encoder to the table; from planted tables to verdict and picture."""

import numpy as np
import pandas as pd
import pytest

from inside.drawn_files import not_as_declared
from inside.inside_samples import IDS, SPEC, measured, write_dataset
from pez.emergence.facts import ModelFacts
from pez.figures.inside.draw import build_inside
from pez.figures.inside.shown import shown
from pez.figures.spec import FigureStyle
from pez.figures.style import styled
from pez.inside.heads.effects import effects
from pez.inside.judged import Facts, to_markdown
from pez.inside.registry import find_inside_section, judge
from pez.inside.spec import InsideSpec
from pez.runtime.tables import open_table, write_table

READINGS = ("frozen", "recentred", "refit")
OTHERS = {"other1": 0.88, "other2": 0.84, "other3": 0.92}  # R2 of direction without each


def head_spec(**changes: object) -> InsideSpec:
    fields = {
        "kind": "head_ablation",
        "dataset": "velocity",
        "clips_per_condition": 3,
        "models": ["tiny"],
        "folds": 2,
        "draws": 200,
        "figures": {"local_heads": "head_ablation"},
    }
    return find_inside_section("head_ablation").model_validate(fields | changes)


def test_every_set_task_and_reading_has_a_row_for_every_clip(tmp_path_factory) -> None:
    folder = tmp_path_factory.mktemp("dataset")
    write_dataset(folder)
    found = open_table(measured(folder, tmp_path_factory.mktemp("inside"), head_spec()))
    rows = found.table
    assert set(rows["heads"]) == {"whole", "local", "other1"}  # two heads a block: one other set
    assert len(rows) == 3 * 2 * 2 * 3 * len(IDS)  # sets, states, tasks, readings
    assert np.isfinite(rows[["loss", "total"]]).all().all()
    taken = found.metadata["head_sets"]
    assert found.metadata["end"] < SPEC.layers
    local, other = taken["local"], taken["other1"]
    assert local and all(sorted(local[block] + other[block]) == [0, 1] for block in local)
    distance = rows.groupby("heads")["distance"].first()
    assert distance["local"] < distance["other1"]
    whole = rows[rows["heads"] == "whole"].pivot_table(
        index=["state", "task", "clip_id"], columns="reading", values="loss", observed=True
    )
    np.testing.assert_allclose(whole["frozen"], whole["refit"], rtol=1e-6)


def planted(local: float, whole: float = 0.95) -> pd.DataFrame:
    """Clips that all have the planted score, some a little more; place loses nothing."""
    condition = np.repeat(np.arange(20), 2)
    scatter = np.random.default_rng(0).normal(0, 0.02, len(condition))
    parts = []
    for number, (heads, score) in enumerate({"whole": whole, "local": local, **OTHERS}.items()):
        for task in ("direction", "place"):
            for reading in READINGS:
                for state in (5, 12):
                    own = np.roll(scatter, number)
                    parts.append(
                        pd.DataFrame(
                            {
                                "heads": heads,
                                "distance": np.nan if heads == "whole" else 4.0 + number,
                                "written": 1.0,
                                "state": state,
                                "task": task,
                                "reading": reading,
                                "clip_id": [f"clip_{clip}" for clip in range(len(condition))],
                                "condition": condition,
                                "loss": 1
                                - (score if task == "direction" else 0.9)
                                + own
                                - own.mean(),
                                "total": 1.0,
                            }
                        )
                    )
    return pd.concat(parts, ignore_index=True)


def judged(tmp_path, **planting: float):
    path = tmp_path / "tiny.parquet"
    rows = planted(**planting)
    write_table(path, rows, {
        "model": "tiny", "dataset": "velocity", "kind": "head_ablation", "end": 5,
        "head_sets": {"local": {"3": [0], "4": [2]}},
        "clip_ids": list(dict.fromkeys(rows["clip_id"])), "labels": "1",
        "source": "2", "precision": "fp32", "preprocessing": "resize", "input_size": 256,
        "weights_checksum": "3", "grid": {"tubelets": 8, "rows": 16, "columns": 16},
    })  # fmt: skip
    facts = ModelFacts(layers=12, source="embedded", weights="weights of a test")
    return judge(head_spec(), [path], Facts("local_heads", "head_ablation", {"tiny": facts}, "no"))


def test_effects_are_differences_of_the_planted_scores() -> None:
    found = effects(planted(local=0.6), draws=100, seed=0)
    refit = found[(found["reading"] == "refit") & (found["state"] == 5)]
    of = refit.set_index(["task", "estimand", "heads"])["value"]
    assert of["direction", "cost", "local"] == pytest.approx(0.35)
    assert of["direction", "beyond", "local"] == pytest.approx(0.88 - 0.6)
    assert of["place", "beyond", "local"] == pytest.approx(0, abs=1e-9)
    assert of["direction", "interaction", "local"] == pytest.approx(0.28)


@pytest.mark.parametrize(
    ("local", "answer"),
    [(0.6, "yes"), (0.95, "no"), (0.86, "undecided")],  # above one set of others, below another
)
def test_the_answer_is_the_planted_one(tmp_path, local: float, answer: str) -> None:
    (said,) = judged(tmp_path, local=local).verdict.models
    assert said.answer == answer, said.reason


def test_where_direction_is_not_read_there_is_nothing_to_lose(tmp_path) -> None:
    (said,) = judged(tmp_path, local=0.0, whole=-0.1).verdict.models
    assert said.answer == "undecided" and "not read with all heads" in said.reason


def test_the_page_names_the_heads_and_what_they_cost(tmp_path) -> None:
    page = to_markdown(judged(tmp_path, local=0.6).verdict)
    assert "head 0 of block 3, head 2 of block 4" in page
    assert "+0.280" in page and "more than 3 of 3 sets" in page
    assert "Not a reproduction" in page


def test_every_score_is_a_mark_where_it_belongs(tmp_path) -> None:
    series, style = judged(tmp_path, local=0.6).series, FigureStyle(dpi=100)
    with styled(style):
        picture = build_inside("head_ablation", series, shown({"tiny": "of a test"}, "40"), style)
        axes = picture.figure.axes
        assert len(axes) == 4  # direction and place at two states
        first = [line for line in axes[0].get_lines() if line.get_gid() == "none/local"]
        assert [line.get_xdata()[0] for line in first] == pytest.approx([0.6] * len(READINGS))
        (others, *_) = (line for line in axes[0].get_lines() if line.get_gid() == "none/others")
        assert list(others.get_xdata()) == pytest.approx(list(OTHERS.values()))
    assert not_as_declared("head_ablation", series, tmp_path) == []
