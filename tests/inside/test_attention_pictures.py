"""Pictures of attention distances: what is drawn is what was judged."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from inside.drawn_files import not_as_declared
from inside.planted_heads import heads, peaked
from inside.test_judge import PICTURES, SPEC, facts, planted  # noqa: F401
from pez.figures.draw import FigureFiles
from pez.figures.inside.draw import build_inside, draw_inside
from pez.figures.inside.shown import shown
from pez.figures.spec import FigureStyle
from pez.figures.style import styled
from pez.inside.attention_layers import STATISTICS, UNITS
from pez.inside.registry import judge
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import write_table

STYLE = FigureStyle(dpi=100)
MADE = shown({"nano": "weights of a test"}, "20 made up")


@pytest.fixture
def series(planted):  # noqa: F811
    paths = planted(nano=heads(np.linspace(8, 5, 12), peaked(3)))
    return {figure: judge(SPEC, paths, facts(figure)).series for figure in PICTURES}


def artists(figure):
    found = [one for axes in figure.axes for one in axes.get_children() if one.get_gid()]
    return [(one.get_gid(), one) for one in found]


def test_every_curve_of_the_table_is_drawn_as_it_is(series):
    table = series["figure19"]
    with styled(STYLE):
        picture = build_inside("attention_layers", table, MADE, STYLE)
    panels = [(measure, statistic) for statistic in STATISTICS for measure in UNITS]
    assert len(picture.figure.axes) == len(panels)
    for axes, (measure, statistic) in zip(picture.figure.axes, panels, strict=True):
        rows = table[(table["measure"] == measure) & (table["statistic"] == statistic)]
        drawn = {one.get_gid(): one for one in axes.get_lines() if one.get_gid()}
        assert set(drawn) == {"none", "untrained", "frames_shuffled", "static", "uniform"}
        for control in set(drawn) - {"uniform"}:
            expected = rows.loc[rows["control"] == control, "value"]
            assert np.array_equal(drawn[control].get_ydata(), expected)
        assert axes.get_ylim()[1] > rows["value"].max()
    assert "Specialisation" in picture.caption and "20 made up" in picture.caption
    assert picture.table.equals(table)


def test_every_head_is_a_square_and_uniform_attention_is_the_middle(series):
    table = series["figure3"]
    with styled(STYLE):
        picture = build_inside("attention_heads", table, MADE, STYLE)
    images = dict(one for one in artists(picture.figure) if "/" in one[0])
    assert set(images) == {
        f"{measure}/{control}" for measure in UNITS for control in ("none", "untrained")
    }
    for gid, image in images.items():
        measure, control = gid.split("/")
        rows = table[(table["measure"] == measure) & (table["control"] == control)]
        expected = rows.pivot(index="head", columns="block", values="value").to_numpy()
        assert np.array_equal(np.asarray(image.get_array()), expected)
        assert np.mean(image.get_clim()) == pytest.approx(rows["uniform"].iloc[0])
    assert images["spatial/none"].get_clim() == images["spatial/untrained"].get_clim()
    assert "seed 1" in picture.caption


@pytest.mark.parametrize("figure", PICTURES)
def test_two_models_are_rows_of_one_picture(series, figure):
    table = pd.concat([series[figure], series[figure].assign(model="large")])
    made = shown({"nano": "some weights", "large": "others"}, "20 made up")
    assert made.heading == "nano: some weights; large: others"
    with styled(STYLE):
        one = build_inside(PICTURES[figure], series[figure], MADE, STYLE)
        two = build_inside(PICTURES[figure], table, made, STYLE)
    assert len(two.figure.axes) == 2 * len(one.figure.axes)
    assert two.figure.get_figheight() > 1.5 * one.figure.get_figheight()


@pytest.mark.parametrize("figure", PICTURES)
def test_the_files_say_what_they_show(series, tmp_path, figure):
    picture = PICTURES[figure]
    path = tmp_path / "series.parquet"
    write_table(path, series[figure], {"figure": figure, "picture": picture, "clips": "20 made up"})
    files = FigureFiles(*(tmp_path / f"drawn.{ending}" for ending in ("png", "svg", "csv", "pdf")))
    draw_inside(figure, picture, path, {"nano": "weights of a test"}, STYLE, files)
    with Image.open(files.png) as drawn:
        said = json.loads(drawn.text["Description"])
    assert said["models"] == {"nano": "weights of a test"} and said["figure"] == figure
    assert list(pd.read_csv(files.csv).columns) == list(series[figure].columns)
    assert len(pd.read_csv(files.csv)) == len(series[figure])
    assert not_as_declared(picture, series[figure], tmp_path) == []
    with pytest.raises(ArtifactError, match="holds 'attention_"):
        draw_inside("other", picture, path, {"nano": "weights of a test"}, STYLE, files)


@pytest.mark.parametrize("picture", PICTURES.values())
def test_a_table_of_something_else_is_refused(picture):
    with pytest.raises(ArtifactError, match="lacks the column"):
        build_inside(picture, pd.DataFrame({"model": ["nano"]}), MADE, STYLE)
