"""Pictures of the audit: drawn from one table; nothing overlaps; files say what they show."""

import json
from pathlib import Path

import audit_tables
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from PIL import Image

from declared_tables import differences
from pez.figures.audit.registry import build_picture, draw_picture, picture_names
from pez.figures.audit.sheet import Made, Picture, apart, open_sheet
from pez.figures.draw import FigureFiles
from pez.figures.spec import FigureStyle
from pez.figures.style import MM_PER_INCH, styled
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import write_table

CASES = [
    (picture, name, table)
    for picture in (
        "calibration", "claims", "clips_needed", "optimism", "shares", "specification", "states",
    )
    for name, table in audit_tables.tables(picture)
]  # fmt: skip
STYLE = FigureStyle(dpi=100)


def test_every_picture_has_a_case() -> None:
    assert {picture for picture, _, _ in CASES} == set(picture_names())


def built(picture: str, table: pd.DataFrame) -> Picture:
    with styled(STYLE):
        found = build_picture(picture, table, audit_tables.made_of(picture), STYLE)
        found.figure.canvas.draw()
    return found


def texts(found: Picture) -> list[tuple[Text, Bbox]]:
    """Everything that is written, with the box that it fills, in pixels."""
    hidden = hidden_labels(found)
    return [
        (text, text.get_window_extent())
        for text in found.figure.findobj(Text)
        if isinstance(text, Text) and text.get_text().strip() and id(text) not in hidden
    ]


def hidden_labels(found: Picture) -> set[int]:
    """Labels of ticks that an axis has and does not draw."""
    hidden = set()
    for axes in found.figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                shown = axes.axison and low - 1e-9 <= tick.get_loc() <= high + 1e-9
                hidden |= {
                    id(label)
                    for label in (tick.label1, tick.label2)
                    if not (shown and label.get_visible())
                }
    return hidden


@pytest.mark.parametrize(("picture", "name", "table"), CASES, ids=[name for _, name, _ in CASES])
def test_no_text_overlaps_another_or_leaves_the_page(
    picture: str, name: str, table: pd.DataFrame
) -> None:
    found = built(picture, table)
    width, height = found.figure.bbox.width, found.figure.bbox.height
    drawn = texts(found)
    assert len(drawn) > 10
    heading = f"{audit_tables.made_of(picture).model}: {audit_tables.made_of(picture).weights}"
    assert heading in {text.get_text() for text, _ in drawn}
    for text, box in drawn:
        assert box.x0 > -1, text.get_text()
        assert box.x1 < width + 1, text.get_text()
        assert box.y0 > -1, text.get_text()
        assert box.y1 < height + 1, text.get_text()
    for number, (text, box) in enumerate(drawn):
        for other, beside in drawn[number + 1 :]:
            overlap = Bbox.intersection(box, beside)
            area = 0 if overlap is None else overlap.width * overlap.height
            assert area <= 0.12 * min(box.width * box.height, beside.width * beside.height), (
                text.get_text(),
                other.get_text(),
            )


@pytest.mark.parametrize(("picture", "name", "table"), CASES, ids=[name for _, name, _ in CASES])
def test_the_files_say_what_they_show(
    picture: str, name: str, table: pd.DataFrame, tmp_path: Path
) -> None:
    folder = tmp_path / "audit/model"
    folder.mkdir(parents=True)
    files = FigureFiles(*(folder / f"{picture}.{kind}" for kind in ("png", "svg", "csv", "pdf")))
    made = audit_tables.made_of(picture)
    caption = draw_picture(picture, table, made, STYLE, files)
    with Image.open(files.png) as opened:
        known = json.loads(opened.info["Description"])
        across = opened.width / STYLE.dpi * MM_PER_INCH
    assert known["models"] == {made.model: made.weights}
    assert known["caption"] == caption
    assert across == pytest.approx(STYLE.column_mm, abs=0.2) or across == pytest.approx(
        STYLE.page_mm, abs=0.2
    )
    assert json.dumps(known["picture"]) in files.svg.read_text().replace("&quot;", '"')
    drawn = pd.read_csv(files.csv)
    assert set(table.columns) <= set(drawn.columns)
    write_table(folder / f"{picture}.parquet", table)
    assert differences(tmp_path, "audit/model/*") == []
    assert "nan" not in caption.split()


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    (_, table), *_ = audit_tables.tables("claims")
    written = []
    for name in ("one", "two"):
        files = FigureFiles(*(tmp_path / f"{name}.{kind}" for kind in ("png", "svg", "csv", "pdf")))
        draw_picture("claims", table, audit_tables.MADE, STYLE, files)
        written.append([path.read_bytes() for path in (files.png, files.svg, files.csv, files.pdf)])
    assert written[0] == written[1]


def test_the_drawn_onsets_are_those_of_the_table() -> None:
    (_, table), *_ = audit_tables.tables("specification")
    found = built("specification", table)
    (points,) = [line for line in found.figure.axes[0].lines if line.get_gid() == "onsets"]
    own = table[table["control"] == "none"].sort_values("rank")
    np.testing.assert_allclose(np.asarray(points.get_ydata()), own["depth"])
    lines = [line for line in found.figure.axes[0].lines if "untrained" in str(line.get_gid())]
    assert len(lines) == table["seed"].nunique()


def test_cells_without_an_onset_are_drawn_above_all_others() -> None:
    table = dict(audit_tables.tables("specification"))["specification_few"]
    found = built("specification", table)
    (points,) = [line for line in found.figure.axes[0].lines if line.get_gid() == "onsets"]
    own = table[table["control"] == "none"]
    assert (np.asarray(points.get_ydata()) > 1).sum() == own["depth"].isna().sum() == 12
    assert "12 of 60 cells have none" in found.caption


def test_bars_are_as_long_as_the_shares() -> None:
    (_, table), *_ = audit_tables.tables("shares")
    found = built("shares", table)
    first = table[(table["outcome"] == "half_rise_depth") & (table["order"] == "first")]
    widths = [bar.get_width() for bar in found.figure.axes[0].patches if bar.get_gid() == "first"]
    np.testing.assert_allclose(sorted(widths), sorted(first["share"]), atol=1e-12)


def test_claims_stand_where_their_numbers_are() -> None:
    (_, table), *_ = audit_tables.tables("claims")
    found = built("claims", table)
    lines = {line.get_gid(): line for axes in found.figure.axes for line in axes.lines}
    for row in table.dropna(subset=["value"]).to_dict("records"):
        (at,) = np.asarray(lines[f"{row['claim']}/{row['where']}"].get_xdata())
        assert at == row["value"]
    assert "C10/primary cell" not in lines
    assert "5 yes, 2 no, 3 undecided" in found.caption


def test_a_table_without_a_column_or_rows_is_refused() -> None:
    (_, table), *_ = audit_tables.tables("states")
    made = audit_tables.MADE
    with pytest.raises(ArtifactError, match=r"lacks the column\(s\) gain"):
        build_picture("states", table.drop(columns="gain"), made, STYLE)
    with pytest.raises(ArtifactError, match="no rows"):
        build_picture("states", table.iloc[:0], made, STYLE)


def test_a_title_that_would_wrap_is_refused() -> None:
    made = Made("model", "weights", "clips")
    with styled(STYLE), pytest.raises(ValueError, match="one line"):
        open_sheet("a title of far too many words " * 3, made, "caption", 10, STYLE)


def test_labels_move_apart_about_their_middle() -> None:
    assert apart([0.0, 1.0, 5.0], 2.0) == pytest.approx([-0.5, 1.5, 5.0])
    assert apart([0.0, 0.1, 0.2], 1.0) == pytest.approx([-0.9, 0.1, 1.1])
    assert apart([], 1.0) == []
