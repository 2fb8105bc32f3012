"""Pictures of possible and impossible movies for people to look at."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from pez.intphys.index import COLUMNS, NUMBERS
from pez.intphys.layout import read_frame
from pez.intphys.spec import BLOCKS
from pez.runtime.atomic import atomic_path
from pez.runtime.tables import read_table

MOMENTS = 8  # of a movie, on the contact sheet
CELL_PX = 144
GIF_PX = 128
_LABELS = {True: ("possible", "#0072B2"), False: ("impossible", "#D55E00")}


def preview_movies(
    root: Path | str, index: Path | str, sheet: Path | str, animation: Path | str
) -> None:
    """Draw the first scene of every block: a contact sheet (PNG) and an animation (GIF)."""
    movies = read_table(index, COLUMNS, NUMBERS)
    scenes = {
        str(block): rows[rows["scene"] == rows["scene"].min()].sort_values(["pair", "possible"])
        for block, rows in movies.groupby("block")
    }
    draw_sheet(Path(root), scenes, sheet)
    draw_animation(Path(root), scenes, animation)


def moments(frames: int, breakpoint: int | None) -> list[int]:
    """Frames shown of a movie: evenly spaced, with the breakpoint in place of the nearest."""
    shown = np.linspace(0, frames - 1, MOMENTS).round().astype(int)
    if breakpoint is not None:
        shown[np.abs(shown - breakpoint).argmin()] = breakpoint
    return shown.tolist()


def draw_sheet(root: Path, scenes: dict[str, pd.DataFrame], path: Path | str) -> None:
    """One row per movie, its matched partner below it; frames from the breakpoint on marked."""
    rows = [movie for table in scenes.values() for movie in table.to_dict("records")]
    figure, grid = plt.subplots(
        len(rows), MOMENTS, figsize=(1.15 * MOMENTS + 1.0, 1.2 * len(rows)), squeeze=False,
        gridspec_kw={"left": 0.11, "right": 0.995, "bottom": 0.005, "top": 0.965,
                     "wspace": 0.04, "hspace": 0.16},
    )  # fmt: skip
    for line, movie in zip(grid, rows, strict=True):
        parting = None if pd.isna(movie["breakpoint"]) else int(movie["breakpoint"])
        text, colour = _LABELS[bool(movie["possible"])]
        for axes, frame in zip(line, moments(movie["frames"], parting), strict=True):
            axes.imshow(_scaled(read_frame(root / movie["folder"], frame), CELL_PX))
            axes.set_xticks([])
            axes.set_yticks([])
            after = parting is not None and frame >= parting
            axes.spines[:].set_color(colour if after else "#BBBBBB")
            axes.spines[:].set_linewidth(1.8 if after else 0.5)
            axes.set_title(f"frame {frame}", fontsize=5.5, pad=1.5)
        line[0].set_ylabel(f"{movie['folder']}\n{text}", fontsize=6.5, color=colour, rotation=0,
                           ha="right", va="center", labelpad=4)  # fmt: skip
    principles = ", ".join(f"{block} {BLOCKS[block]}" for block in scenes)
    figure.suptitle(
        f"One scene of each block ({principles}). Matched pairs; thick: from their breakpoint on.",
        fontsize=7.5, x=0.01, ha="left", y=0.993,
    )  # fmt: skip
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=150, metadata={"Software": None})
    plt.close(figure)


def draw_animation(root: Path, scenes: dict[str, pd.DataFrame], path: Path | str) -> None:
    """Play the scenes: one row per block, one column per movie."""
    step = GIF_PX + 2
    frames = max(int(table["frames"].max()) for table in scenes.values())
    pictures = []
    for number in range(frames):
        picture = Image.new("RGB", (4 * step - 2, len(scenes) * step - 2), "white")
        draw = ImageDraw.Draw(picture)
        for row, table in enumerate(scenes.values()):
            for column, movie in enumerate(table.to_dict("records")):
                frame = read_frame(root / movie["folder"], min(number, movie["frames"] - 1))
                corner = (column * step, row * step)
                picture.paste(Image.fromarray(_scaled(frame, GIF_PX)), corner)
                text, colour = _LABELS[bool(movie["possible"])]
                draw.rectangle((*corner, corner[0] + 62, corner[1] + 12), fill="white")
                draw.text((corner[0] + 3, corner[1] + 1), text, fill=colour)
        pictures.append(picture)
    durations = [70] * (len(pictures) - 1) + [900]
    with atomic_path(path) as temporary:
        pictures[0].save(
            temporary, save_all=True, append_images=pictures[1:], duration=durations, loop=0
        )


def _scaled(frame: np.ndarray, side: int) -> np.ndarray:
    return np.asarray(Image.fromarray(frame).resize((side, side)))
