"""Clips whose ball stays in the picture, for probes that are to read no others."""

import logging
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd

from pez.clips.visibility import in_words, magnitudes
from pez.features.store import Shard
from pez.runtime.errors import ArtifactError, ConfigError

LoadLayer = Callable[[int], np.ndarray]  # as in pez.probes.crossval
LoadShards = Callable[[int], Iterable[Shard]]

log = logging.getLogger(__name__)


def leave_out_absent(
    probe: str, labels: pd.DataFrame, load_layer: LoadLayer, load_shards: LoadShards | None
) -> tuple[pd.DataFrame, LoadLayer, LoadShards | None]:
    """Leave out the clips in which the ball is wholly out of the picture in some frame.

    Args:
        probe: its name, for messages.
        labels: one row a clip, n rows.
        load_layer: gives the features of a layer, [n, D].
        load_shards: gives the same shard by shard, or None.

    Returns:
        The three arguments for the clips that remain, renumbered from 0.

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
        end = 0
        for shard in load_shards(layer):
            end = shard.first + len(shard.features)
            part = in_view[shard.first : end]
            if end <= len(labels) and part.any():
                first = int(in_view[: shard.first].sum())
                yield Shard(shard.number, first, shard.features[part])
        _check_count(end, len(labels), f"feature shards of layer {layer}")

    remaining = labels[in_view].reset_index(drop=True)
    return remaining, layer_in_view, None if load_shards is None else shards_in_view


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
