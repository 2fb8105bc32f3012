"""Columns of the table of one network: what was read of every clip, and where its ball was."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pez.inside.patches.track import Track

PATCH, PIXELS, TRACK = "patch", "pixels", "track"  # read by a probe for each patch ...
POOLED = "pooled"  # ... by one of all tokens ...
TOKENS, BY_PATH, BY_START = "tokens", "clips_by_path", "clips_by_start"  # ... by one of a half
NO_STATE = -1  # of what no network has seen
ANSWERS = ("sin", "cos")
COLUMNS = (
    "read", "source", "target", "reading", "state", "patch", *ANSWERS, "direction_rad", "distance",
    "touched",
)  # fmt: skip
_NONE = {"source": "", "target": "", "reading": ""}


def patch_rows(read: str, state: int, answers: np.ndarray, labels: pd.DataFrame) -> pd.DataFrame:
    """Rows of answers [P, n, 2] of a probe for each patch."""
    patches, clips, _ = answers.shape
    rows = _rows(np.tile(np.arange(clips), patches), answers.reshape(-1, 2), labels)
    return rows.assign(read=read, **_NONE, state=state, patch=np.repeat(np.arange(patches), clips))


def track_rows(answers: np.ndarray, track: "Track", labels: pd.DataFrame) -> pd.DataFrame:
    """Rows of probes of where the ball is, with its path: they say it once for all others."""
    return patch_rows(TRACK, NO_STATE, answers, labels).assign(
        distance=track.distance.T.ravel(), touched=track.touched.mean(axis=1).T.ravel()
    )


def half_rows(
    read: str,
    state: int,
    answers: np.ndarray,
    labels: pd.DataFrame,
    clips: np.ndarray | None = None,
    **where: str,
) -> pd.DataFrame:
    """Rows of answers [m, 2] about ``clips`` (all where none are given) of one probe."""
    rows = np.arange(len(labels)) if clips is None else clips
    return _rows(rows, answers, labels).assign(read=read, state=state, patch=-1, **(_NONE | where))


def joined(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """All rows, with few bytes for each."""
    table = pd.concat(parts, ignore_index=True)
    names = ("read", "source", "target", "reading", "clip_id")
    table[list(names)] = table[list(names)].astype("category")
    table[["state", "patch"]] = table[["state", "patch"]].astype(np.int16)
    floats = [*ANSWERS, "distance", "touched"]
    table[floats] = table[floats].astype(np.float32)
    return table


def _rows(clips: np.ndarray, answers: np.ndarray, labels: pd.DataFrame) -> pd.DataFrame:
    own = labels[["clip_id", "condition", "direction_rad"]].iloc[clips].reset_index(drop=True)
    values = dict(zip(ANSWERS, answers.astype(np.float32).T, strict=True))
    return own.assign(**values, distance=np.nan, touched=np.nan)
