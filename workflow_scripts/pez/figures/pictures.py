"""Pictures that are drawn from one table: what the table must have, and how they reach the disk."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pez.figures.audit.sheet import Picture
from pez.figures.draw import FigureFiles
from pez.figures.spec import FigureStyle
from pez.figures.style import save_figure
from pez.runtime.atomic import atomic_path
from pez.runtime.errors import ArtifactError


def check_picture_table(name: str, table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Check what the picture ``name`` is drawn from.

    Raises:
        ArtifactError: the table lacks one of ``columns`` or has no rows.
    """
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ArtifactError(f"the table for {name} lacks the column(s) {', '.join(missing)}.")
    if table.empty:
        raise ArtifactError(f"the table for {name} has no rows.")


def save_picture(
    picture: Picture, known: Mapping[str, Any], files: FigureFiles, style: FigureStyle
) -> None:
    """Write ``picture`` with what is ``known`` of it, and exactly what it shows as CSV.

    Call inside `pez.figures.style.styled`.
    """
    told = {**known, "caption": picture.caption}
    description = json.dumps(told, sort_keys=True)
    save_figure(picture.figure, files.png, files.svg, files.pdf, description, style)
    with atomic_path(files.csv) as temporary:
        picture.table.to_csv(temporary, index=False, lineterminator="\n")
