"""Pictures of a dataset for people to look at: a contact sheet and a short animation."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from pez.clips.labels import LABEL_COLUMNS
from pez.clips.store import open_clips
from pez.clips.visibility import magnitudes
from pez.runtime.atomic import atomic_path
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import read_table

MOST_ROWS = MOST_COLUMNS = 8
TRAIL_FRAMES = 4
ANIMATION_CELL_PX = 128


def preview_dataset(
    labels_path: Path | str,
    shard_paths: Sequence[Path | str],
    sheet_path: Path | str,
    animation_path: Path | str,
) -> None:
    """Draw the contact sheet (PNG) and the animation (GIF) of the dataset at ``labels_path``.

    Raises:
        ArtifactError: the labels or a shard are damaged, or the shards are not the labels' clips.
    """
    labels = read_table(labels_path, LABEL_COLUMNS)
    clips = _frames_of_clips(labels, shard_paths)
    examples = labels[
        (labels["start_index"] == 0)
        & labels["direction_index"].isin(_spread(labels["direction_index"], MOST_ROWS))
        & labels["magnitude_index"].isin(_spread(labels["magnitude_index"], MOST_COLUMNS))
    ]
    draw_contact_sheet(sheet_path, labels, examples, clips)
    magnitudes = np.unique(examples["magnitude_index"])
    middle = magnitudes[len(magnitudes) // 2]
    draw_animation(animation_path, examples[examples["magnitude_index"] == middle], clips)


def _frames_of_clips(
    labels: pd.DataFrame, shard_paths: Sequence[Path | str]
) -> dict[str, np.ndarray]:
    clips: dict[str, np.ndarray] = {}
    for path in shard_paths:
        shard = open_clips(path)
        clips.update(zip(shard.clip_ids, shard.frames, strict=True))
    if list(clips) != list(labels["clip_id"]):
        raise ArtifactError(
            f"the shards beside {shard_paths[0]} hold {len(clips)} clips, not the {len(labels)} "
            "of labels.parquet: delete the folder and run again."
        )
    return clips


def _spread(values: pd.Series, most: int) -> list[int]:
    """At most ``most`` of the distinct values, evenly spread, first and last among them."""
    distinct = np.unique(values)
    picks = np.linspace(0, len(distinct) - 1, min(most, len(distinct))).round().astype(int)
    return distinct[picks].tolist()


def motion_trail(frames: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Overlay some frames of a clip [T, H, W, 3] on ``background``, the earlier the fainter."""
    trail = background.astype(np.float64)
    picks = np.linspace(0, len(frames) - 1, TRAIL_FRAMES).round().astype(int)
    for pick, opacity in zip(picks, np.linspace(0.35, 1.0, len(picks)), strict=True):
        frame = frames[pick].astype(np.float64)
        changed = np.abs(frame - background).max(axis=-1) > 8  # grey levels: above the noise
        trail[changed] += opacity * (frame - trail)[changed]
    return trail.round().astype(np.uint8)


def draw_contact_sheet(
    path: Path | str, labels: pd.DataFrame, examples: pd.DataFrame, clips: dict[str, np.ndarray]
) -> None:
    """Draw one cell per direction (rows) and magnitude (columns): the trail of one clip in each."""
    # pixelwise median over clips: the ball is elsewhere in nearly all of them
    background = np.median(
        [clips[clip][0] for clip in labels["clip_id"][:: max(1, len(labels) // 32)]], axis=0
    )
    rows = np.unique(examples["direction_index"])
    columns = np.unique(examples["magnitude_index"])
    side = background.shape[0]
    sheet = np.full((len(rows) * side, len(columns) * side, 3), 255, np.uint8)
    marks = []
    for clip in examples.to_dict("records"):
        row = int(np.searchsorted(rows, clip["direction_index"]))
        column = int(np.searchsorted(columns, clip["magnitude_index"]))
        cell = motion_trail(clips[clip["clip_id"]], background)
        cell[:2] = cell[:, :2] = 255
        sheet[row * side : (row + 1) * side, column * side : (column + 1) * side] = cell
        marks.append((column * side + clip["start_x_px"], row * side + clip["start_y_px"]))
    figure, axes = plt.subplots(
        figsize=(1.3 * len(columns) + 1.2, 1.3 * len(rows) + 1.3), layout="constrained"
    )
    extent = (0, sheet.shape[1], sheet.shape[0], 0)  # our pixel coordinates, not matplotlib's
    axes.imshow(sheet, extent=extent, interpolation="antialiased")
    axes.plot(*np.transpose(marks), "o", markersize=2.5, color="white", markeredgewidth=0)
    axes.set_yticks((np.arange(len(rows)) + 0.5) * side, _direction_names(examples))
    axes.set_xticks((np.arange(len(columns)) + 0.5) * side, _magnitude_names(examples))
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(_describe(labels, clips), fontsize=9, loc="left")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=150, metadata={"Software": None})
    plt.close(figure)


def draw_animation(path: Path | str, examples: pd.DataFrame, clips: dict[str, np.ndarray]) -> None:
    """Play one clip of every direction side by side, at 25 frames per second."""
    frames = np.stack([clips[clip] for clip in examples["clip_id"]])
    names = _clip_names(examples)
    columns = int(np.ceil(len(frames) / 2)) if len(frames) > 1 else 1
    rows = -(-len(frames) // columns)
    step = ANIMATION_CELL_PX + 2
    pictures = []
    for moment in frames.swapaxes(0, 1):
        picture = Image.new("RGB", (columns * step - 2, rows * step - 2), "white")
        draw = ImageDraw.Draw(picture)
        for place, (cell, name) in enumerate(zip(moment, names, strict=True)):
            corner = (place % columns * step, place // columns * step)
            picture.paste(Image.fromarray(cell).resize((ANIMATION_CELL_PX,) * 2), corner)
            draw.text((corner[0] + 4, corner[1] + 2), name, fill="white")
        pictures.append(picture)
    # a GIF counts hundredths of a second: 4 come closest to 24 frames per second; rest on the last
    durations = [40] * (len(pictures) - 1) + [600]
    with atomic_path(path) as temporary:
        pictures[0].save(
            temporary, save_all=True, append_images=pictures[1:], duration=durations, loop=0
        )


def _magnitude_names(examples: pd.DataFrame) -> list[str]:
    sizes, unit = magnitudes(examples)
    return [f"{value:g} {unit}" for value in sizes]


def _direction_names(examples: pd.DataFrame) -> list[str]:
    firsts = examples.groupby("direction_index")["direction_rad"].first()
    return [f"{value:g}°" for value in np.degrees(firsts).round(1)]


def _clip_names(examples: pd.DataFrame) -> list[str]:
    """Name clips of one magnitude, one per direction."""
    return [f"{name}  {_magnitude_names(examples)[0]}" for name in _direction_names(examples)]


def _describe(labels: pd.DataFrame, clips: dict[str, np.ndarray]) -> str:
    counts = labels[["direction_index", "magnitude_index", "start_index"]].nunique()
    length = len(next(iter(clips.values())))
    kind = "speeds" if magnitudes(labels)[1] == "m/s" else "accelerations"
    return (
        f"{labels['dataset'].iloc[0]}: {len(labels)} clips = {counts.iloc[0]} directions x "
        f"{counts.iloc[1]} {kind} x {counts.iloc[2]} starts, {length} frames each.\n"
        f"Each cell: {TRAIL_FRAMES} moments of one clip, faint to full; dot: labelled start."
    )
