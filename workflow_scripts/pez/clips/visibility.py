"""Whether the ball is in the picture: labels of every clip, and counts by magnitude.

A ball that has left the picture tells its speed by its absence, and a probe of an empty floor has
nothing else to read. So absence is labelled and counted, and sets in which it rules are refused.
"""

import logging
from collections.abc import Iterable

import numpy as np
import pandas as pd
from pydantic import Field

from pez.clips.geometry import wholly_out_of_view
from pez.clips.spec import BallDatasetSpec, SceneSpec
from pez.runtime.errors import PezError
from pez.runtime.schema import Schema

VISIBILITY_COLUMNS = ("frames_out_of_view", "in_view_at_end", "in_view_in_last_tubelet")
TABLE_KEY = "out_of_view"  # under which a table made from clips carries their counts, in its attrs

log = logging.getLogger(__name__)


class MagnitudeOutOfView(Schema):
    """Clips of one magnitude, and those that end without the ball."""

    magnitude: float = Field(description="in the unit of the dataset's")
    clips: int
    at_end: int = Field(description="clips whose last frame shows no part of the ball")
    in_last_tubelet: int = Field(description="clips whose last two frames show no part of it")


class OutOfView(Schema):
    """Clips of a dataset that end without the ball."""

    clips: int = Field(description="all clips of the dataset")
    at_end: int = Field(description="clips whose last frame shows no part of the ball")
    in_last_tubelet: int = Field(description="clips whose last two frames show no part of it")
    unit: str = Field(description="of the magnitudes: m/s or m/s²")
    by_magnitude: tuple[MagnitudeOutOfView, ...]
    r2_of_absence: float | None = Field(
        description="R2 of the magnitude fitted to nothing but whether the last frame shows the "
        "ball; null where all clips or none end without it, or the magnitude does not vary"
    )

    def in_words(self) -> str:
        """Spell out how many clips of each magnitude end without the ball."""
        rows = ((row.magnitude, row.at_end, row.clips) for row in self.by_magnitude)
        return in_words(rows, self.unit)


def visibility(scene: SceneSpec, position_m: np.ndarray) -> pd.DataFrame:
    """Visibility of the ball in clips of positions [n, T, 3], metres: `VISIBILITY_COLUMNS`.

    A ball is in view where any part of it is; its shadow does not count.

    Returns:
        One row per clip: ``frames_out_of_view`` (int64, of T frames), ``in_view_at_end`` (bool, in
        the last frame), ``in_view_in_last_tubelet`` (bool, in one of the last two frames or both).
    """
    out = wholly_out_of_view(scene, position_m)
    values = (out.sum(axis=1), ~out[:, -1], ~out[:, -2:].all(axis=1))
    return pd.DataFrame(dict(zip(VISIBILITY_COLUMNS, values, strict=True)))


def magnitudes(labels: pd.DataFrame) -> tuple[pd.Series, str]:
    """Mean measured magnitude of every ``magnitude_index`` of ``labels``, and its unit."""
    moving = bool(labels["speed_m_s"].max() > 1e-6)  # at frame 0; the others start from rest
    column, unit = ("speed_m_s", "m/s") if moving else ("acceleration_m_s2", "m/s²")
    return labels.groupby("magnitude_index")[column].mean().round(3), unit


def count_out_of_view(labels: pd.DataFrame) -> OutOfView:
    """Count, by magnitude, the clips of ``labels`` (one row per clip) that end without the ball."""
    sizes, unit = magnitudes(labels)
    absent = ~labels[["in_view_at_end", "in_view_in_last_tubelet"]]
    by_index = absent.groupby(labels["magnitude_index"])
    counts = by_index.sum().assign(magnitude=sizes, clips=by_index.size())
    rows = tuple(
        MagnitudeOutOfView(
            magnitude=row["magnitude"],
            clips=int(row["clips"]),
            at_end=int(row["in_view_at_end"]),
            in_last_tubelet=int(row["in_view_in_last_tubelet"]),
        )
        for row in counts.to_dict("records")
    )
    at_end = absent["in_view_at_end"].to_numpy(float)
    size = labels["magnitude_index"].map(sizes).to_numpy(float)
    varies = at_end.std() > 0 and size.std() > 0
    r2 = float(np.corrcoef(at_end, size)[0, 1] ** 2) if varies else None
    return OutOfView(
        clips=len(labels),
        at_end=int(absent["in_view_at_end"].sum()),
        in_last_tubelet=int(absent["in_view_in_last_tubelet"].sum()),
        unit=unit,
        by_magnitude=rows,
        r2_of_absence=r2,
    )


def note_out_of_view(table: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Make ``table`` carry the counts of the clips ``labels``, into Parquet and back.

    Clips can then be deleted and figures still say what was in them. Labels of clips without a ball
    leave nothing.
    """
    if set(VISIBILITY_COLUMNS) <= set(labels.columns):
        table.attrs[TABLE_KEY] = count_out_of_view(labels).model_dump(
            mode="json",
            include={"clips", "at_end", "in_last_tubelet", "unit", "by_magnitude", "r2_of_absence"},
        )


def in_words(counts: Iterable[tuple[float, int, int]], unit: str) -> str:
    """Spell out ``counts`` (magnitude, clips in question, all clips): '1 of 7 at 5 m/s, none ...'.

    Magnitudes are in ``unit``.
    """
    rows = list(counts)
    some = [f"{found} of {clips} at {size:g} {unit}" for size, found, clips in rows if found]
    none = [f"{size:g}" for size, found, _ in rows if not found]
    return ", ".join([*some, f"none at {', '.join(none)} {unit}"] if none else some)


def check_in_view(
    name: str, scene: SceneSpec, dataset: BallDatasetSpec, labels: pd.DataFrame
) -> None:
    """Log how many clips of dataset ``name`` end without the ball, and refuse it if most do.

    Raises:
        PezError: more than half of the clips end so, and ``dataset`` does not allow it.
    """
    counts = count_out_of_view(labels)
    found = f"{counts.at_end} of {counts.clips} clips end with the ball wholly out of the picture"
    log.info("%s: %s\n%s", name, found, _table(counts))
    if 2 * counts.at_end > counts.clips and not dataset.allow_out_of_view:
        key = f"datasets.{name}"
        raise PezError(
            f"dataset {name!r}: {found} ({counts.in_words()}), where probes would read an empty "
            f"floor. Lower clips.scene.frames (now {scene.frames}) or {key}.magnitudes, widen "
            f"clips.scene.view_m (now {scene.view_m:g}), or set {key}.allow_out_of_view: true to "
            "build it as it is."
        )


def _table(counts: OutOfView) -> str:
    heading = f"{counts.unit:>8} {'clips':>6} {'last frame':>11} {'last tubelet':>13}"
    rows = [
        f"{row.magnitude:8g} {row.clips:6d} {row.at_end:11d} {row.in_last_tubelet:13d}"
        for row in counts.by_magnitude
    ]
    return "\n".join([heading, *rows])
