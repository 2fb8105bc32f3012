"""Clips whose ball stays in the picture, for probes that are to read no others."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np
import pandas as pd

from pez.clips.visibility import in_words, magnitudes
from pez.features.store import PatchShard, Shard
from pez.runtime.errors import ArtifactError, ConfigError

# as in pez.probes.run
LoadLayer = Callable[[int], np.ndarray]
LoadShards = Callable[[int], Iterable[Shard]]
LoadPatches = Callable[[int], Iterable[PatchShard]]

_AnyShard = TypeVar("_AnyShard", Shard, PatchShard)

log = logging.getLogger(__name__)


def leave_out_absent(
    probe: str,
    labels: pd.DataFrame,
    load_layer: LoadLayer,
    load_shards: LoadShards | None,
    load_patches: LoadPatches | None,
) -> tuple[pd.DataFrame, LoadLayer, LoadShards | None, LoadPatches | None]:
    """Leave out the clips in which the ball is wholly out of the picture in some frame.

    Args:
        probe: its name, for messages.
        labels: one row per clip, n rows.
        load_layer: gives the features of a layer, [n, D].
        load_shards: gives the same shard by shard, or None.
        load_patches: gives the patches of a layer shard by shard, or None.

    Returns:
        The last four arguments for the clips that remain, renumbered from 0.

    Raises:
        ArtifactError: the labels do not say where the ball is; also by the loaders, if they give
            features of another number of clips.
        ConfigError: no clip remains.
    """
    if "frames_out_of_view" not in labels.columns:
        raise ArtifactError(
            f"probe {probe} leaves out clips by the label frames_out_of_view, which the labels "
            "lack: delete them and run again."
        )
    in_view = labels["frames_out_of_view"].to_numpy() == 0
    _report(probe, labels, ~in_view)

    def layer_in_view(layer: int) -> np.ndarray:
        features = load_layer(layer)
        _check_count(len(features), len(labels), f"features of layer {layer}")
        return features[in_view]

    def shards_in_view(layer: int) -> Iterator[Shard]:
        assert load_shards is not None
        for shard, first, rows in _remaining(load_shards(layer), in_view, layer):
            yield Shard(shard.number, first, shard.features[rows])

    def patches_in_view(layer: int) -> Iterator[PatchShard]:
        assert load_patches is not None
        for shard, first, rows in _remaining(load_patches(layer), in_view, layer):
            less = None if shard.subtracted is None else shard.subtracted[rows]
            yield PatchShard(shard.number, first, shard.patches[rows], less)

    return (
        labels[in_view].reset_index(drop=True),
        layer_in_view,
        None if load_shards is None else shards_in_view,
        None if load_patches is None else patches_in_view,
    )


def _remaining(
    shards: Iterable[_AnyShard], in_view: np.ndarray, layer: int
) -> Iterator[tuple[_AnyShard, int, np.ndarray]]:
    """Yield shards with clips in view: the first one's new number, and which rows they are."""
    end = 0
    for shard in shards:
        end = shard.first + len(shard[2])
        rows = in_view[shard.first : end]
        if end <= len(in_view) and rows.any():
            yield shard, int(in_view[: shard.first].sum()), rows
    _check_count(end, len(in_view), f"feature shards of layer {layer}")


def _report(probe: str, labels: pd.DataFrame, absent: np.ndarray) -> None:
    """Log how many clips are left out, by magnitude."""
    if absent.all():
        raise ConfigError(
            f"probe {probe} leaves out clips in which the ball is out of the picture, and that are "
            f"all {len(labels)}: set probes.{probe}.clips: all, or lower clips.scene.frames."
        )
    sizes, unit = magnitudes(labels)
    counts = pd.Series(absent).groupby(labels["magnitude_index"].to_numpy()).agg(["sum", "size"])
    log.info(
        "probe %s leaves out %d of %d clips, in which the ball is wholly out of the picture in "
        "some frame: %s",
        probe,
        absent.sum(),
        len(labels),
        in_words(zip(sizes, counts["sum"], counts["size"], strict=True), unit),
    )


def _check_count(found: int, expected: int, what: str) -> None:
    if found != expected:
        raise ArtifactError(
            f"the {what} are of {found} clips, and the labels name {expected}: extract the "
            "features again."
        )
