"""Small moving pictures of the clips that are predicted worst."""

import base64
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from pez.clips.store import open_clips
from pez.page.predictions import Predictions, errors
from pez.runtime.errors import ArtifactError

SIDE_PX = 96
MOST_FRAMES = 16
QUALITY = 55  # of WebP: a ball on a plain floor stays a ball
WORST = 6  # clips that the page lists for a point of a curve


def worst_clips(found: Iterable[Predictions]) -> dict[str, list[str]]:
    """Clips by dataset that are among the worst of some state, the most frequent ones first.

    The controls' predictions do not count: many of them are wrong everywhere.
    """
    counts: dict[str, Counter[str]] = {}
    for one in found:
        if not one.is_control:
            worst = np.argsort(-errors(one), axis=1, kind="stable")[:, :WORST]
            names = [one.clip_ids[clip] for clip in worst.ravel().tolist()]
            counts.setdefault(one.dataset, Counter()).update(names)
    return {dataset: [clip for clip, _ in one.most_common()] for dataset, one in counts.items()}


def film_strip(frames: np.ndarray) -> bytes:
    """A clip, uint8 [T, H, W, 3], as one WebP picture: some of its frames in a row."""
    picks = np.linspace(0, len(frames) - 1, min(len(frames), MOST_FRAMES)).round().astype(int)
    strip = Image.new("RGB", (SIDE_PX * len(picks), SIDE_PX))
    for place, pick in enumerate(picks):
        frame = Image.fromarray(np.ascontiguousarray(frames[pick]))
        small = frame.resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
        strip.paste(small, (SIDE_PX * place, 0))
    file = io.BytesIO()
    strip.save(file, "WEBP", quality=QUALITY, method=6)
    return file.getvalue()


def film_strips(
    shards: Sequence[Path], wanted: Sequence[str], budget: int
) -> dict[str, dict[str, Any]]:
    """Strips of the clips ``wanted``, in that order, as long as they fit into ``budget`` bytes.

    Returns:
        By clip, the number of ``frames`` and the picture as a ``data:`` address.

    Raises:
        ArtifactError: a shard is missing or damaged, or none holds a clip.
    """
    clips = dict(_all_clips(shards))
    strips: dict[str, dict[str, Any]] = {}
    used = 0
    for clip in wanted:
        if clip not in clips:
            raise ArtifactError(
                f"the shards beside {shards[0]} hold no clip {clip}, which was predicted: delete "
                "the folder and run again."
            )
        picture = film_strip(clips[clip])
        used += len(picture)
        if used > budget:
            break
        text = base64.b64encode(picture).decode()
        frames = min(len(clips[clip]), MOST_FRAMES)
        strips[clip] = {"frames": frames, "picture": f"data:image/webp;base64,{text}"}
    return strips


def _all_clips(shards: Sequence[Path]) -> Iterator[tuple[str, np.ndarray]]:
    for path in shards:
        shard = open_clips(path)
        yield from zip(shard.clip_ids, shard.frames, strict=True)


def clip_facts(labels: pd.DataFrame) -> Mapping[str, Any]:
    """What the explorer says of every clip: names, and its direction or block if it has one."""
    facts: dict[str, Any] = {"ids": [str(clip) for clip in labels["clip_id"]]}
    if "direction_rad" in labels:
        degrees = np.degrees(labels["direction_rad"].to_numpy(np.float64))
        facts["direction_deg"] = [round(float(value), 1) for value in degrees]
    if "block" in labels:
        facts["block"] = [str(block) for block in labels["block"]]
    return facts
