"""Pictures of a folder of clips for people to look at: a contact sheet and a short animation."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageOps

from pez.clips.store import open_clips
from pez.runtime.atomic import atomic_path
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import read_table

ROWS, MOMENTS, COLUMNS = 12, 6, 4
CELL_PX, LINE_PX = 128, 14


def preview_clips(
    labels: Path | str, shards: Sequence[Path | str], sheet: Path | str, animation: Path | str
) -> None:
    """Draw clips spread evenly over the dataset: some moments of each, and all of them at once.

    Raises:
        ArtifactError: the labels or a shard are damaged, or the shards are not the labels' clips.
    """
    table = read_table(labels, ("clip_id",))
    clips: dict[str, np.ndarray] = {}
    for path in shards:
        shard = open_clips(path)
        clips.update(zip(shard.clip_ids, shard.frames, strict=True))
    if list(clips) != list(table["clip_id"]):
        raise ArtifactError(
            f"the shards beside {shards[0]} are not the clips of {labels}: delete them and run "
            "again."
        )
    places = np.linspace(0, len(table) - 1, min(ROWS, len(table))).round().astype(int)
    chosen = table.iloc[np.unique(places)]
    _draw_sheet(sheet, chosen, clips)
    _draw_animation(animation, chosen, clips)


def _draw_sheet(path: Path | str, rows: pd.DataFrame, clips: dict[str, np.ndarray]) -> None:
    step = CELL_PX + LINE_PX + 4
    picture = Image.new("RGB", (MOMENTS * (CELL_PX + 2), len(rows) * step), "white")
    draw = ImageDraw.Draw(picture)
    for place, row in enumerate(rows.to_dict("records")):
        frames = clips[row["clip_id"]]
        draw.text((2, place * step), _in_words(row), fill="black")
        for column, moment in enumerate(_moments(len(frames))):
            corner = (column * (CELL_PX + 2), place * step + LINE_PX)
            picture.paste(_cell(frames[moment]), corner)
    with atomic_path(path) as temporary:
        picture.save(temporary, format="PNG")


def _draw_animation(path: Path | str, rows: pd.DataFrame, clips: dict[str, np.ndarray]) -> None:
    step, columns = CELL_PX + 2, min(COLUMNS, len(rows))
    pictures = []
    for moment in range(len(clips[rows["clip_id"].iloc[0]])):
        picture = Image.new("RGB", (columns * step, -(-len(rows) // columns) * step), "white")
        for place, clip in enumerate(rows["clip_id"]):
            corner = (place % columns * step, place // columns * step)
            picture.paste(_cell(clips[clip][moment]), corner)
        pictures.append(picture)
    durations = [80] * (len(pictures) - 1) + [800]
    with atomic_path(path) as temporary:
        pictures[0].save(
            temporary, save_all=True, append_images=pictures[1:], duration=durations, loop=0
        )


def _moments(frames: int) -> list[int]:
    picks = np.linspace(0, frames - 1, min(MOMENTS, frames)).round().astype(int)
    return np.unique(picks).tolist()


def _in_words(row: Mapping[Any, object]) -> str:
    labels = [
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in row.items()
        if name not in ("clip_id", "dataset")
    ]
    return f"{row['clip_id']}: {', '.join(labels)}"[:130]


def _cell(frame: np.ndarray) -> Image.Image:
    """A frame, fitted into a square cell."""
    return ImageOps.contain(Image.fromarray(frame), (CELL_PX, CELL_PX))
