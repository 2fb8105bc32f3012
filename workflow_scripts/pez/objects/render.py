"""Render one shard of a dataset of several objects from its table of objects."""

import logging
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from pez.clips.render import PACKAGES
from pez.clips.spec import RenderSpec
from pez.clips.store import write_clips
from pez.objects.columns import OBJECT_COLUMNS, POSE_COLUMNS
from pez.objects.kinds import Kind
from pez.objects.renderer import ObjectsRenderer
from pez.objects.scene import Thing
from pez.objects.spec import ObjectsSpec
from pez.runtime.errors import ArtifactError
from pez.runtime.identity import Identity, expect
from pez.runtime.progress import progress
from pez.runtime.tables import open_table

logger = logging.getLogger(__name__)

_HALF_SIZE = ["half_x_m", "half_y_m", "half_z_m"]


def render_shard(
    name: str,
    shard: int,
    spec: ObjectsSpec,
    render: RenderSpec,
    objects_path: Path | str,
    output_path: Path | str,
    threads: int = 1,
) -> None:
    """Render clips ``shard * shard_size`` up to the next shard's and write them to ``output_path``.

    Raises:
        ArtifactError: the table is damaged, of another dataset or does not fit, or the disk is
            full.
    """
    opened = open_table(objects_path, OBJECT_COLUMNS, numbers=("frame", *_HALF_SIZE, *POSE_COLUMNS))
    identity = Identity.read(objects_path, opened.metadata)
    expect(objects_path, identity, Identity(dataset=name))
    first = shard * render.shard_size
    clip_ids = list(identity.clip_ids or ())[first : first + render.shard_size]
    by_clip = dict(list(opened.table.groupby("clip_id", sort=False)))
    if not clip_ids or not set(clip_ids) <= set(by_clip):
        raise ArtifactError(
            f"{objects_path} lacks clips of shard {shard} of {name}: delete it and run again."
        )
    started = time.monotonic()
    shown = progress(clip_ids, f"render {name} {shard:03d}", unit="clip")
    frames = np.stack([film(spec, by_clip[clip], render.samples, threads) for clip in shown])
    elapsed, count = time.monotonic() - started, len(clip_ids) * spec.frames
    logger.info("%d frames in %.1f s, %.3f s a frame", count, elapsed, elapsed / count)
    metadata = {
        "dataset": name,
        "source": opened.checksum,
        "shard": shard,
        "objects": spec.model_dump(mode="json"),
        "render": render.model_dump(mode="json"),
        "versions": {package: version(package) for package in PACKAGES},
    }
    write_clips(output_path, frames, clip_ids, first, metadata)


def film(spec: ObjectsSpec, rows: pd.DataFrame, samples: int, threads: int) -> np.ndarray:
    """Render the clip whose objects and frames ``rows`` are, in order: uint8 [T, H, W, 3].

    Raises:
        ArtifactError: an object is not there in every frame.
    """
    things, position, quaternion = poses(spec, rows)
    with ObjectsRenderer(spec, things, samples, threads) as renderer:
        return renderer.film(position, quaternion)


def poses(spec: ObjectsSpec, rows: pd.DataFrame) -> tuple[list[Thing], np.ndarray, np.ndarray]:
    """Objects of a clip, and their centres [objects, T, 3] and turns [objects, T, 4].

    Raises:
        ArtifactError: an object is not there in every frame.
    """
    count, odd = divmod(len(rows), spec.frames)
    if odd or not np.array_equal(rows["frame"], np.tile(np.arange(spec.frames), count)):
        raise ArtifactError(
            f"objects of {rows['clip_id'].iloc[0]} are not there in each of {spec.frames} frames: "
            "delete objects.parquet and run again."
        )
    poses = rows[list(POSE_COLUMNS)].to_numpy(np.float64).reshape(count, spec.frames, -1)
    things = [
        Thing(
            Kind(row["shape"], row["material"], row["colour"]),
            (row["half_x_m"], row["half_y_m"], row["half_z_m"]),
            0.0, (row["x_m"], row["y_m"]), (0.0, 0.0),
        )
        for row in rows.iloc[:: spec.frames].to_dict("records")
    ]  # fmt: skip
    return things, poses[..., :3], poses[..., 3:]
