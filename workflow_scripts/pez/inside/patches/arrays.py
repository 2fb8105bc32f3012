"""What was read in one network, from its table to arrays."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pez.inside.patches.rows import ANSWERS, BY_PATH, BY_START, PATCH, PIXELS, POOLED, TOKENS, TRACK
from pez.inside.tables import NetworkTable
from pez.runtime.errors import ArtifactError

Array = NDArray[np.float64]
_HALVES = (TOKENS, BY_PATH, BY_START)
_WHICH = ["source", "target", "reading"]


@dataclass(frozen=True)
class Half:
    """Answers of probes of one half about one.

    Attributes:
        read: which kind of halves.
        source: half that the probes were fitted to.
        target: half that they were asked about.
        reading: of its features.
        clips: that were asked about, int64 [m].
        answers: at every residual state, float64 [S, m, 2].
    """

    read: str
    source: str
    target: str
    reading: str
    clips: NDArray[np.int64]
    answers: Array


@dataclass(frozen=True)
class Reads:
    """Answers in one network, and where the balls were.

    Attributes:
        seed: of the control, if it is one.
        grid: rows and columns of patches.
        conditions: of the clips, [n].
        targets: sine and cosine of the direction, [n, 2].
        by_patch: `PATCH` [S, P, n, 2], `PIXELS` and `TRACK` [1, P, n, 2].
        pooled: from all tokens, [S, n, 2].
        halves: all that were read.
        distance: from patch to path, patches, [n, P].
        touched: share of frames in which the ball touches a patch, [n, P].
    """

    seed: int | None
    grid: tuple[int, int]
    conditions: NDArray[np.int64]
    targets: Array
    by_patch: Mapping[str, Array]
    pooled: Array
    halves: tuple[Half, ...]
    distance: Array
    touched: Array


def reads_of(table: NetworkTable) -> Reads:
    """Arrange the rows of ``table``.

    Raises:
        ArtifactError: rows are missing, or there are more than there should be.
    """
    known, clip_ids = table.known, table.known["clip_ids"]
    number = pd.Index(clip_ids).get_indexer(table.table["clip_id"].astype(object))
    rows = table.table.assign(clip=number).sort_values(["state", "patch", "clip"], kind="stable")
    of = dict(iter(rows.groupby("read", observed=True, sort=False)))
    missing = [read for read in (PATCH, PIXELS, TRACK, POOLED) if read not in of]
    if missing:
        raise ArtifactError(f"{_name(table)} lacks rows of {missing[0]}: delete it and run again.")
    clips = len(clip_ids)
    track = of[TRACK]
    whole = of[POOLED].iloc[:clips]
    angle = whole["direction_rad"].to_numpy(np.float64)
    return Reads(
        seed=table.seed,
        grid=(int(known["grid"]["rows"]), int(known["grid"]["columns"])),
        conditions=whole["condition"].to_numpy(np.int64),
        targets=np.stack([np.sin(angle), np.cos(angle)], axis=1),
        by_patch={read: _answers(of[read], clips, table) for read in (PATCH, PIXELS, TRACK)},
        pooled=_answers(of[POOLED], clips, table)[:, 0],
        halves=tuple(
            _half(read, key, one, table)
            for read in _HALVES
            if read in of
            for key, one in of[read].groupby(_WHICH, observed=True, sort=False)
        ),
        distance=track["distance"].to_numpy(np.float64).reshape(-1, clips).T,
        touched=track["touched"].to_numpy(np.float64).reshape(-1, clips).T,
    )


def _half(read: str, key: Hashable, rows: pd.DataFrame, table: NetworkTable) -> Half:
    source, target, reading = map(str, cast(tuple[str, ...], key))
    clips = rows["clip"].unique()
    answers = _answers(rows, len(clips), table)[:, 0]
    return Half(read, source, target, reading, clips, answers)


def _answers(rows: pd.DataFrame, clips: int, table: NetworkTable) -> Array:
    """Answers [states, patches, clips, 2]."""
    states, patches = rows["state"].nunique(), rows["patch"].nunique()
    if len(rows) != states * patches * clips:
        raise ArtifactError(
            f"{_name(table)} has {len(rows)} rows of {rows['read'].iloc[0]} for {states} states, "
            f"{patches} patches and {clips} clips: delete it and run again."
        )
    values = rows[list(ANSWERS)].to_numpy(np.float64)
    return values.reshape(states, patches, clips, len(ANSWERS))


def _name(table: NetworkTable) -> str:
    return f"the table of patches of {table.known['model']}"
