"""Simulate a dataset of several objects and write its labels, and where every object is."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pez.objects.columns import LABEL_COLUMNS, OBJECT_COLUMNS
from pez.objects.physics import Motion, simulate
from pez.objects.scene import Thing, deal_kinds, draw_scene
from pez.objects.spec import ObjectsSpec
from pez.objects.view import in_picture, in_view
from pez.runtime.identity import Identity
from pez.runtime.progress import progress
from pez.runtime.tables import write_table


def write_tables(
    name: str, spec: ObjectsSpec, labels_path: Path | str, objects_path: Path | str
) -> None:
    """Simulate every clip of the dataset ``name`` and write both tables.

    Raises:
        PezError: the objects of a clip find no room in the picture.
        ArtifactError: the disk is full.
    """
    clip_ids = [f"{name}_{clip:04d}" for clip in range(spec.clips)]
    parts, labels = [], []
    dealt = list(zip(clip_ids, deal_kinds(spec), strict=True))
    for clip, (clip_id, kinds) in enumerate(progress(dealt, f"simulate {name}", unit="clip")):
        things = draw_scene(spec, clip, kinds)
        rows = objects_table(spec, clip_id, things, simulate(spec, things))
        parts.append(rows)
        labels.append(_label(name, clip_id, things, rows))
    identity = Identity(
        dataset=name,
        clip_ids=clip_ids,
        frame_shape=[spec.frames, spec.resolution, spec.resolution],
    ).metadata()
    source = write_table(objects_path, pd.concat(parts, ignore_index=True), identity)
    table = pd.DataFrame(labels, columns=list(LABEL_COLUMNS))
    write_table(labels_path, table, identity | {"source": source})


def objects_table(
    spec: ObjectsSpec, clip_id: str, things: Sequence[Thing], motion: Motion
) -> pd.DataFrame:
    """Lay out a clip as one row an object and frame, with `OBJECT_COLUMNS`.

    ``vx_px`` and ``vy_px`` are in pixels a frame, y down; ``in_view`` is of the centre.
    """
    count, frames, _ = motion.position_m.shape
    place, velocity = in_picture(spec, motion.position_m, motion.velocity_m_s)
    half = np.repeat([thing.half_size_m for thing in things], frames, axis=0)
    numbers = np.concatenate(
        [
            half,
            *(
                one.reshape(count * frames, -1)
                for one in (
                    motion.position_m, motion.quaternion, motion.velocity_m_s, place, velocity,
                )
            ),
        ],
        axis=1,
    )  # fmt: skip
    table = pd.DataFrame(numbers, columns=list(OBJECT_COLUMNS[7:-2]))
    table["in_view"] = in_view(spec, place).ravel()
    table["collided"] = motion.collided.ravel()
    table["clip_id"] = clip_id
    table["object"] = np.repeat(np.arange(count), frames)
    table["frame"] = np.tile(np.arange(frames), count)
    for column, values in (
        ("kind", [thing.kind.name for thing in things]),
        ("shape", [thing.kind.shape for thing in things]),
        ("material", [thing.kind.material for thing in things]),
        ("colour", [thing.kind.colour for thing in things]),
    ):
        table[column] = np.repeat(np.array(values, dtype=object), frames)
    return table[list(OBJECT_COLUMNS)]


def _label(
    name: str, clip_id: str, things: Sequence[Thing], rows: pd.DataFrame
) -> tuple[object, ...]:
    moving = sum(thing.moves for thing in things)
    touched = bool(rows["collided"].any())
    mean_x, mean_y = rows["vx_px"].mean(), rows["vy_px"].mean()
    return clip_id, name, len(things), moving, touched, mean_x, mean_y
