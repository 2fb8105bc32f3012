"""From clips through a tiny encoder to the table; from planted tables to verdict and picture."""

import numpy as np
import pandas as pd
import pytest
import torch

from inside.drawn_files import not_as_declared
from inside.inside_samples import IDS, SPEC, measured, opened, write_dataset
from pez.emergence.facts import ModelFacts
from pez.features.spec import ExtractionSpec
from pez.figures.inside.draw import build_inside
from pez.figures.inside.shown import shown
from pez.figures.spec import FigureStyle
from pez.figures.style import styled
from pez.inside.judged import Facts, to_markdown
from pez.inside.order.orders import other_orders
from pez.inside.order.passes import pooled_states
from pez.inside.registry import find_inside_section, judge
from pez.inside.spec import InsideSpec
from pez.runtime.tables import open_table, write_table

TASKS = ("tubelets", "frames", "reversed", "direction", "place")
STATES = 13
CHANCE = dict(zip(TASKS, (0.5, 0.5, 0.5, 0.125, 0.2), strict=True))


def order_spec(**changes: object) -> InsideSpec:
    fields = {
        "kind": "order_task",
        "dataset": "velocity",
        "clips_per_condition": 3,
        "models": ["tiny"],
        "folds": 2,
        "draws": 300,
        "permutations": 20,
        "figures": {"figure12": "order_task"},
    }
    return find_inside_section("order_task").model_validate(fields | changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dataset")
    write_dataset(folder)
    return folder


@pytest.fixture(scope="module")
def table(folder, tmp_path_factory):
    return open_table(measured(folder, tmp_path_factory.mktemp("inside"), order_spec()))


def test_every_task_and_state_has_a_row_for_every_clip(table) -> None:
    rows = table.table
    assert set(rows["task"]) == set(TASKS)
    assert len(rows) == len(TASKS) * (SPEC.layers + 1) * len(IDS)
    assert not rows[["task", "state", "clip_id"]].duplicated().any()
    assert set(rows["right"]) <= {0.0, 0.5, 1.0}
    assert set(table.metadata["floor"]) == set(table.metadata["chance"]) == set(TASKS)


def test_at_state_0_shuffled_tubelets_are_exactly_chance(table) -> None:
    first = table.table[table.table["state"] == 0].set_index("task")
    assert (first.loc["tubelets", "right"] == 0.5).all()
    assert table.metadata["unequal"] < 1e-4
    later = table.table[table.table["state"] == SPEC.layers].set_index("task")
    assert not (later.loc["tubelets", "right"] == 0.5).all()


def test_states_are_means_over_tokens_and_orders_reach_the_network(folder) -> None:
    network = opened(folder, order_spec())
    own = pooled_states(network)
    assert own.shape == (SPEC.layers + 1, len(IDS), SPEC.hidden_size)
    orders = other_orders("tubelets", IDS, 8, seed=1)
    other = pooled_states(network, orders)
    np.testing.assert_allclose(own[0], other[0], atol=1e-5)
    first, last = ((own[state] - other[state]).abs().max() for state in (0, -1))
    assert last > 100 * first
    plain = np.tile(np.arange(8), (len(IDS), 1))
    assert torch.equal(pooled_states(network, plain), own)
    pixels = torch.cat([part.clone() for _, part in network.batches(lambda part: part)])
    with network.ready.compute.autocast(), torch.inference_mode():
        by_hand = pixels[torch.arange(len(IDS))[:, None], torch.from_numpy(orders)]
        expected = network.ready.encoder.embed(by_hand[:1]).mean(dim=1)
    np.testing.assert_allclose(other[0][:1], expected, atol=1e-5)


def test_the_table_does_not_depend_on_how_many_clips_a_batch_holds(folder, table, tmp_path) -> None:
    single = ExtractionSpec(batch_size=1, precision="fp32")
    again = open_table(measured(folder, tmp_path, order_spec(), extraction=single)).table
    assert (again["right"] != table.table["right"]).mean() < 0.01


def test_fewer_training_clips_are_fewer(folder, table, tmp_path) -> None:
    fewer = open_table(measured(folder, tmp_path, order_spec(training_clips=8))).table
    assert len(fewer) == len(table.table)


def planted(path, model: str, rises: dict[str, float]) -> None:
    """Write a table in which every task steps from chance to a share at a state of its own."""
    conditions = np.repeat(np.arange(50), 2)
    random = np.random.default_rng(len(model))
    parts = []
    for number, task in enumerate(TASKS):
        for state in range(STATES):
            high = state >= 4 + number
            share = rises.get(task, 0.0) if high else 0.0
            if task == "tubelets" and not share:
                right = np.full(len(conditions), 0.5)
            else:
                right = (random.random(len(conditions)) < CHANCE[task] + share).astype(float)
            parts.append(
                pd.DataFrame(
                    {
                        "task": task,
                        "state": state,
                        "clip_id": [f"clip_{clip}" for clip in range(len(conditions))],
                        "condition": conditions,
                        "right": right,
                    }
                )
            )
    write_table(path, pd.concat(parts, ignore_index=True), {
        "model": model, "dataset": "velocity", "kind": "order_task",
        "chance": CHANCE, "floor": dict.fromkeys(TASKS, 0.15), "unequal": 1e-7,
        "clip_ids": [f"clip_{clip}" for clip in range(len(conditions))], "labels": "1",
        "source": "2", "precision": "fp32", "preprocessing": "resize", "input_size": 256,
        "weights_checksum": model, "grid": {"tubelets": 8, "rows": 16, "columns": 16},
    })  # fmt: skip


def judged(tmp_path, own: dict[str, float], untrained: dict[str, float] | None = None):
    paths = [tmp_path / "tiny.parquet"]
    planted(paths[0], "tiny", own)
    if untrained is not None:
        paths.append(tmp_path / "tiny_untrained.parquet")
        planted(paths[1], "tiny_untrained", untrained)
    facts = ModelFacts(layers=12, source="embedded", weights="weights of a test")
    spec = order_spec(controls={} if untrained is None else {"untrained": [1]})
    return judge(spec, paths, Facts("figure12", "order_task", {"tiny": facts}, "made up"))


ALL = dict.fromkeys(TASKS, 0.4)


def test_order_that_only_the_model_reads_is_yes(tmp_path) -> None:
    found = judged(tmp_path, ALL, {"direction": 0.3}).verdict
    (said,) = found.models
    assert said.answer == "yes" and "than in untrained networks" in said.reason
    numbers = {number.name: number for number in said.numbers}
    rise = numbers["rise of accuracy from state 0, shuffled tubelets"]
    assert rise.value == pytest.approx(0.4, abs=0.1) and 0.2 < rise.low < rise.value
    assert numbers["half_rise: shuffled tubelets"].value == 4
    assert numbers["step: direction"].value == 7
    later = numbers["step: shuffled tubelets less direction"]
    assert later.value == -3 and later.low <= -3 <= later.high
    page = to_markdown(found)
    assert "chance by construction; it is 50.0 %" in page
    assert "no arrow of time" in page and "Not a reproduction" in page


def test_order_that_no_state_tells_is_no(tmp_path) -> None:
    found = judged(tmp_path, {"direction": 0.4}, {})
    (said,) = found.verdict.models
    assert said.answer == "no"
    assert "half rise none" in to_markdown(found.verdict)
    assert not any(number.name == "half_rise: shuffled tubelets" for number in said.numbers)


def test_order_that_an_untrained_network_tells_as_well_is_not_yes(tmp_path) -> None:
    (said,) = judged(tmp_path, ALL, {**ALL, "tubelets": 0.45}).verdict.models
    assert said.answer != "yes"


def test_without_an_untrained_network_nothing_is_decided(tmp_path) -> None:
    (said,) = judged(tmp_path, ALL).verdict.models
    assert said.answer == "undecided" and "no untrained network" in said.reason


def test_every_curve_is_drawn_with_what_the_table_says(tmp_path) -> None:
    series, style = judged(tmp_path, ALL, {"direction": 0.3}).series, FigureStyle(dpi=100)
    with styled(style):
        picture = build_inside("order_task", series, shown({"tiny": "of a test"}, "100"), style)
        axes = picture.figure.axes
        assert len(axes) == len(TASKS) + 2
        titles = [one.get_title(loc="left") for one in axes]
        assert titles[0] == "Tubelets shuffled" and titles[-2:] == ["Onset", "Sharpness"]
        for task, panel in zip(TASKS, axes, strict=False):
            lines = {line.get_gid(): line for line in panel.get_lines()}
            rows = series[(series["task"] == task) & (series["kind"] == "accuracy")]
            for gid, control in (("none", "none"), ("untrained/1", "untrained")):
                expected = 100 * rows.loc[rows["control"] == control, "value"].to_numpy(float)
                np.testing.assert_allclose(lines[gid].get_ydata(), expected)
            assert lines["chance"].get_ydata()[0] == pytest.approx(100 * CHANCE[task])
        onsets = {line.get_gid(): line for line in axes[-2].get_lines()}
        assert onsets["step"].get_xdata()[0] == 4
    assert picture.table is series
    assert not_as_declared("order_task", series, tmp_path) == []


def test_the_section_refuses_what_it_cannot_do() -> None:
    with pytest.raises(ValueError, match="name tubelets"):
        order_spec(variants=["frames"])
    with pytest.raises(ValueError, match="twice"):
        order_spec(variants=["tubelets", "tubelets"])
