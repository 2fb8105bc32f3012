"""Pictures inside networks as a run judges, draws and writes them."""

from pathlib import Path

import pandas as pd

from declared_tables import differences
from pez.figures.draw import FigureFiles
from pez.figures.inside.draw import draw_inside
from pez.figures.spec import FigureStyle
from pez.runtime.tables import write_table


def not_as_declared(picture: str, series: pd.DataFrame, folder: Path) -> list[str]:
    """Write ``series`` and its ``picture`` below ``folder``, and hold both tables against
    resources/tables.yaml."""
    path, stem = folder / "emergence/renamed.parquet", folder / "figures/renamed"
    for place in (path.parent, stem.parent):
        place.mkdir()
    write_table(path, series, {"figure": "renamed", "picture": picture, "clips": "made up"})
    files = FigureFiles(*(stem.with_suffix(f".{kind}") for kind in ("png", "svg", "csv", "pdf")))
    models = dict.fromkeys(map(str, series["model"].unique()), "weights of a test")
    draw_inside("renamed", picture, path, models, FigureStyle(dpi=60), files)
    return [line for tables in ("emergence/*", "figures/*") for line in differences(folder, tables)]
