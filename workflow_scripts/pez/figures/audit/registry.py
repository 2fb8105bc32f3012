"""Pictures by name: the modules in `pez.figures.audit.pictures`, and how one reaches the disk."""

from importlib import import_module
from pathlib import Path

import pandas as pd

from pez.figures.audit.sheet import Made, Picture
from pez.figures.draw import FigureFiles
from pez.figures.pictures import check_picture_table, save_picture
from pez.figures.spec import FigureStyle
from pez.figures.style import styled

_FOLDER = Path(__file__).with_name("pictures")


def picture_names() -> list[str]:
    """Return the names of all pictures, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("[a-z]*.py"))


def build_picture(name: str, table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw the picture ``name``; call inside `pez.figures.style.styled`.

    Args:
        name: one of `picture_names`.
        table: what it draws; its module names the columns.
        made: whose curves.
        style: looks.

    Raises:
        ArtifactError: the table lacks a column or has no rows.
    """
    module = import_module(f"pez.figures.audit.pictures.{name}")
    check_picture_table(name, table, module.COLUMNS)
    built: Picture = module.build(table, made, style)
    return built


def draw_picture(
    name: str, table: pd.DataFrame, made: Made, style: FigureStyle, files: FigureFiles
) -> str:
    """Draw the picture ``name`` and write it, and exactly what it shows as CSV: `build_picture`.

    Returns:
        Its caption.
    """
    with styled(style):
        picture = build_picture(name, table, made, style)
        known = {
            "picture": name,
            "models": {made.model: made.weights},
            "clips": made.clips,
        }
        save_picture(picture, known, files, style)
    return picture.caption
