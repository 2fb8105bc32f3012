"""Draw what was measured inside networks: the modules in `pez.figures.inside.pictures` by name."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import pandas as pd

from pez.figures.audit.sheet import Made, Picture
from pez.figures.draw import FigureFiles
from pez.figures.inside.shown import shown
from pez.figures.pictures import check_picture_table, save_picture
from pez.figures.spec import FigureStyle
from pez.figures.style import styled
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import open_table


def build_inside(name: str, table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw the picture ``name``; call inside `pez.figures.style.styled`.

    Raises:
        ArtifactError: the table lacks a column or has no rows.
    """
    module = import_module(f"pez.figures.inside.pictures.{name}")
    check_picture_table(name, table, module.COLUMNS)
    built: Picture = module.build(table, made, style)
    return built


def draw_inside(
    figure: str,
    picture: str,
    series: Path | str,
    models: Mapping[str, str],
    style: FigureStyle,
    files: FigureFiles,
) -> None:
    """Draw ``figure`` and write its parts.

    Args:
        figure: its name.
        picture: which picture it is.
        series: file with what it shows.
        models: weights of every model, in words.
        style: looks.
        files: where the parts go.

    Raises:
        ArtifactError: the file is damaged, of another figure, or lacks a column.
    """
    opened = open_table(series)
    of, held = opened.metadata.get("figure"), opened.metadata.get("picture")
    if (of, held) != (figure, picture):
        raise ArtifactError(
            f"{series} holds {held!r} of {of!r} and not {picture!r} of {figure!r}: delete "
            "it and run again."
        )
    clips = str(opened.metadata["clips"])
    with styled(style):
        built = build_inside(picture, opened.table, shown(models, clips), style)
        known = {"figure": figure, "picture": picture, "models": dict(models), "clips": clips}
        save_picture(built, known, files, style)
