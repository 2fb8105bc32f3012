"""From tables of edits in two networks to the figure and its verdict."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from inside.drawn_files import not_as_declared
from inside.steering_samples import BLOCKS, CLIPS, TOKENS, WIDTH, network, ring_tokens, section
from pez.emergence.facts import ModelFacts
from pez.figures.inside.draw import build_inside
from pez.figures.inside.shown import shown
from pez.figures.spec import FigureStyle
from pez.figures.style import styled
from pez.inside.judged import Facts, Judged, to_markdown
from pez.inside.measure import measure_network
from pez.inside.registry import judge
from pez.inside.steering.spoken import other_in_words
from pez.inside.steering.verdict import edited_in_zone
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import open_table, write_table

KIND = "network_steering"


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A network that holds a ring, and one that holds nothing."""
    folder = tmp_path_factory.mktemp("tables")
    random = torch.Generator().manual_seed(5)
    noise = torch.randn(CLIPS, TOKENS, WIDTH, generator=random)
    networks = {"tiny": ring_tokens(noise=0.02), "tiny_untrained": noise}
    for name, tokens in networks.items():
        measure_network(section(), network(tokens, model=name), folder / f"{name}.parquet")
    return [folder / f"{name}.parquet" for name in networks]


def judged(tables: Sequence[Path]) -> Judged:
    facts = ModelFacts(layers=BLOCKS, source="embedded", weights="weights of a test")
    given = Facts("figure24_network", KIND, {"tiny": facts}, "made up")
    return judge(section(), tables, given)


def edited(tables: Sequence[Path], folder: Path, **replaced: str) -> list[Path]:
    """The tables, in which every arm of ``replaced`` reads the clip's own direction or target."""
    opened = open_table(tables[0])
    rows = opened.table.copy()
    for arm, column in replaced.items():
        own = rows["arm"] == arm.replace("_", " ").replace("random", "random,")
        assert own.any()
        rows.loc[own, "sin"] = np.sin(rows.loc[own, column])
        rows.loc[own, "cos"] = np.cos(rows.loc[own, column])
    known = {name: value for name, value in opened.metadata.items() if name != "checksum"}
    write_table(folder / "tiny.parquet", rows, known)
    return [folder / "tiny.parquet", tables[1]]


def test_a_ring_is_steered_through_the_network_and_noise_is_not(tables: list[Path]) -> None:
    found = judged(tables)
    (said,) = found.verdict.models
    assert said.answer == "yes" and "a random edit as long" in said.reason
    assert "state 1 turn" in said.question and f"state {BLOCKS}:" in said.question
    numbers = {number.name: number.value for number in said.numbers}
    assert numbers["to the target: class means, state 1 to 4"] < 2
    assert numbers["to the target: random, as long, state 1 to 4"] > 70
    assert numbers["to the target: other clip, state 4"] < 2
    rows = found.series[found.series["metric"] == "to_target"]
    rows = rows[(rows["arm"] == "other clip") & (rows["state"] == BLOCKS)]
    by_control = rows.set_index("control")["value"]
    assert by_control["none"] < 2 and by_control["untrained"] > 50
    page = to_markdown(found.verdict)
    assert "Not a reproduction" in page and "In untrained networks, degrees to the target" in page
    assert "No clip has a counterpart that differs in direction alone" in page


@pytest.mark.parametrize(
    ("replaced", "answer"),
    [
        ({"class_means": "direction_rad"}, "no"),
        ({"random_as_long": "target_rad"}, "undecided"),
        ({"other_clip": "direction_rad"}, "undecided"),
    ],
)
def test_the_answer_asks_for_more_than_a_random_edit_and_a_direction_that_is_read(
    tables: list[Path], tmp_path: Path, replaced: dict[str, str], answer: str
) -> None:
    (said,) = judged(edited(tables, tmp_path, **replaced)).verdict.models
    assert said.answer == answer


def test_a_table_that_lacks_a_clip_is_refused(tables: list[Path], tmp_path: Path) -> None:
    opened = open_table(tables[0])
    known = {name: value for name, value in opened.metadata.items() if name != "checksum"}
    write_table(tmp_path / "tiny.parquet", opened.table.iloc[1:], known)
    with pytest.raises(ArtifactError, match="lacks some clip after some edit"):
        judged([tmp_path / "tiny.parquet", tables[1]])


def test_the_zone_is_a_third_of_the_depth_and_the_other_clip_is_named() -> None:
    assert edited_in_zone({"edited": [2, 4, 8]}, 12) == 4
    assert edited_in_zone({"edited": [4, 16]}, 24) == 4
    assert "differs from the edited one in direction alone" in other_in_words(1.0, 0.0)
    assert "25 % of the clips have" in other_in_words(0.25, 0.5)


def test_the_figure_is_drawn_of_one_model_and_of_two(tables: list[Path], tmp_path: Path) -> None:
    style = FigureStyle(dpi=60)
    series = judged(tables).series
    two = pd.concat([series, series.assign(model="other")], ignore_index=True)
    with styled(style):
        made = shown({"tiny": "of a test"}, "48 made up")
        one = build_inside(KIND, series, made, style)
        both = build_inside(KIND, two, made, style)
    assert len(one.figure.axes) == 4 * 2 and len(both.figure.axes) == 2 * 4 * 2
    assert one.table.equals(series) and "48 made up" in one.caption
    assert not_as_declared(KIND, series, tmp_path) == []
    axes = one.figure.axes[0]
    (line,) = [course for course in axes.get_lines() if course.get_gid() == "class means"]
    rows = series[(series["control"] == "none") & (series["tokens"] == "all tokens")]
    rows = rows[(rows["arm"] == "class means") & (rows["edited"] == 1)]
    expected = rows[rows["metric"] == "to_target"].sort_values("state")["value"]
    assert np.array_equal(line.get_ydata(), expected)
