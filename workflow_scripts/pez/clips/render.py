"""Render one shard of a dataset from its trajectories."""

import logging
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pez.clips.renderer import BallRenderer
from pez.clips.spec import RenderSpec, SceneSpec
from pez.clips.store import write_clips
from pez.runtime.errors import ArtifactError
from pez.runtime.identity import Identity, expect
from pez.runtime.progress import progress
from pez.runtime.tables import open_table

logger = logging.getLogger(__name__)

PACKAGES = ("bpy", "kubric-nightly", "pybullet")


def render_shard(
    name: str,
    shard: int,
    scene: SceneSpec,
    render: RenderSpec,
    trajectories_path: Path | str,
    output_path: Path | str,
    threads: int = 1,
) -> None:
    """Render clips ``shard * shard_size`` up to the next shard's and write them to ``output_path``.

    Raises:
        ArtifactError: the trajectories are damaged, of another dataset or do not fit, or the disk
            is full.
    """
    columns = ("clip_id", "frame", "x_m", "y_m", "z_m")
    table, known, source = open_table(trajectories_path, columns, numbers=columns[1:])
    expect(trajectories_path, Identity.read(trajectories_path, known), Identity(dataset=name))
    first = shard * render.shard_size
    clip_ids, positions = shard_positions(table, first, render.shard_size, scene.frames)
    if not clip_ids:
        raise ArtifactError(
            f"{trajectories_path} has no clip {first}, the first of shard {shard} of {name}: "
            "delete it and run again."
        )
    started = time.monotonic()
    frames = render_clips(scene, render.samples, positions, threads, f"render {name} {shard:03d}")
    elapsed = time.monotonic() - started
    count = len(clip_ids) * scene.frames
    logger.info("%d frames in %.1f s, %.3f s a frame", count, elapsed, elapsed / count)
    metadata = {
        "dataset": name,
        "source": source,
        "shard": shard,
        "scene": scene.model_dump(mode="json"),
        "render": render.model_dump(mode="json"),
        "versions": {package: version(package) for package in PACKAGES},
    }
    write_clips(output_path, frames, clip_ids, first, metadata)


def shard_positions(
    trajectories: pd.DataFrame, first: int, count: int, frames: int
) -> tuple[list[str], np.ndarray]:
    """Pick ``count`` clips from place ``first`` on: (clip ids, ball centres [n, T, 3] in metres).

    Raises:
        ArtifactError: the table is not made of whole clips of ``frames`` frames.
    """
    if len(trajectories) % frames or not np.array_equal(
        trajectories["frame"], np.tile(np.arange(frames), len(trajectories) // frames)
    ):
        raise ArtifactError(
            f"the trajectories have {len(trajectories)} rows, which are no whole clips of "
            f"{frames} frames: delete trajectories.parquet and run again."
        )
    rows = trajectories.iloc[first * frames : (first + count) * frames]
    positions = rows[["x_m", "y_m", "z_m"]].to_numpy(np.float64)
    if not np.isfinite(positions).all():
        raise ArtifactError(
            "the trajectories hold positions that are not finite: delete trajectories.parquet and "
            "run again."
        )
    return list(rows["clip_id"].iloc[::frames]), positions.reshape(-1, frames, 3)


def render_clips(
    scene: SceneSpec, samples: int, positions_m: np.ndarray, threads: int, title: str
) -> np.ndarray:
    """Render ball centres [n, T, 3] (metres) to frames, uint8 [n, T, H, W, 3]."""
    clips, length, _ = positions_m.shape
    side = scene.resolution
    frames = np.empty((clips * length, side, side, 3), np.uint8)
    with BallRenderer(scene, samples, threads) as renderer:
        flat: Any = positions_m.reshape(-1, 3)
        for index, position in enumerate(progress(flat, title, unit="frame")):
            frames[index] = renderer.frame(position)
    return frames.reshape(clips, length, side, side, 3)
