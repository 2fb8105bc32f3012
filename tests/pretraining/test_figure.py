import pandas as pd
import pytest

from declared_tables import differences
from pez.figures.draw import FigureFiles
from pez.figures.pretraining import COLUMNS, draw_pretraining
from pez.figures.spec import FigureStyle
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import write_table

STYLE = FigureStyle.model_validate({})


def draw(folder, table):
    write_table(folder / "log.parquet", table)
    (folder / "figures").mkdir()
    stem = folder / "figures/pretraining"
    files = FigureFiles(*(stem.with_suffix(f".{kind}") for kind in ("png", "svg", "csv", "pdf")))
    draw_pretraining(folder / "log.parquet", STYLE, files)
    return files.png, files.svg, files.csv


def log(**columns):
    rows = {"step": [2, 4, 6], "window": [32, 32, 48], "loss": [0.8, 0.5, 0.6]}
    return pd.DataFrame(rows | {"spread": 1.0, "learning_rate": [1e-3, 5e-4, 0.0]} | columns)


def test_the_figure_says_what_its_table_says(tmp_path):
    png, svg, csv = draw(tmp_path, log(momentum=1.0))
    assert png.stat().st_size > 10_000 and svg.read_text().lstrip().startswith("<?xml")
    pd.testing.assert_frame_equal(pd.read_csv(csv), log()[list(COLUMNS)])
    assert differences(tmp_path, "figures/*") == []


def test_a_log_without_spread_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match=r"lacks the column.* spread"):
        draw(tmp_path, log().drop(columns="spread"))
