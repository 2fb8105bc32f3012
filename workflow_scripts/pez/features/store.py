"""Feature files: read back per layer, capture and pooling, whole or shard by shard."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from pez.features.paths import STORED_DTYPE, TENSOR, FeatureKey, feature_path, parse_feature_path
from pez.features.spec import VIEWS_OF_POOLING, Capture, Pooling, View, residual_state
from pez.features.views import pool
from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import map_tensor, read_header, read_metadata


class Shard(NamedTuple):
    """Pooled features of one shard, float32 [n, D'], with its number and its first clip's."""

    number: int
    first: int
    features: NDArray[np.float32]


class PatchShard(NamedTuple):
    """Patches of the clips of one shard, in the dtype they are stored in.

    Attributes:
        number: of the shard.
        first: number of its first clip.
        patches: [n, P, D].
        subtracted: [n, P, D], to be taken off them; None for nothing.
    """

    number: int
    first: int
    patches: Tensor
    subtracted: Tensor | None = None

    def clips(self, rows: Tensor, device: str | torch.device) -> Tensor:
        """Return the patches of clips ``rows`` of the shard, float32 [len(rows), P, D]."""
        patches = self.patches[rows].to(device).float()
        if self.subtracted is not None:
            patches -= self.subtracted[rows].to(device).float()
        return patches


@dataclass(frozen=True)
class FeatureStore:
    """The features of one model on one dataset, as written by `pez.features.extract`.

    Attributes:
        root: folder ``features/{model}/{dataset}``.
        layers: number L of transformer blocks; there are L + 1 streams. 0: features of a single
            state, which is read as layer 0 in every capture.
        shards: number of clip shards.
    """

    root: Path
    layers: int
    shards: int

    @property
    def depth(self) -> int:
        """Number of layers that can be read."""
        return max(self.layers, 1)

    def features(self, layer: int, capture: Capture, pooling: Pooling) -> NDArray[np.float32]:
        """Return the pooled features of all clips at block ``layer``, in clip order.

        Returns:
            float32 [clips, D'] (see `pez.features.views.pool`).

        Raises:
            ArtifactError: a file is missing, damaged, of a wrong shape or dtype, holds a NaN, or
                holds another view or stream than its path says.
        """
        shards = [shard.features for shard in self.pooled_shards(layer, capture, pooling)]
        return shards[0] if len(shards) == 1 else np.concatenate(shards)

    def pooled_shards(
        self, layer: int, capture: Capture, pooling: Pooling, among: Collection[int] | None = None
    ) -> Iterator[Shard]:
        """Yield the pooled features of block ``layer`` in clip order, one shard at a time.

        Args:
            layer: number of the block.
            capture: its input or its output.
            pooling: of the stored views.
            among: numbers of the shards wanted; without it, all. Of the others only the headers
                are read.

        Raises:
            ArtifactError: see `features`.
        """
        stream, views = self._stream(layer, capture), VIEWS_OF_POOLING[pooling]
        first, width = 0, 0
        for number in range(self.shards):
            path = feature_path(self.root, FeatureKey(views[0], stream, number))
            if among is not None and number not in among:
                first += read_header(path)[0][TENSOR]["shape"][0]
                continue
            # Contiguous: no more of the file than what is wanted stays in memory.
            pooled = pool(pooling, self._shard(views, stream, number)).contiguous().numpy()
            if width not in (0, pooled.shape[1]):
                raise ArtifactError(
                    f"{path} has {pooled.shape[1]} features a clip where shards before it have "
                    f"{width}: delete {self.root} and run again."
                )
            yield Shard(number, first, pooled)
            first, width = first + len(pooled), pooled.shape[1]

    def patch_shards(self, layer: int, capture: Capture, pooling: Pooling) -> Iterator[PatchShard]:
        """Yield the patches of block ``layer`` in clip order, one shard at a time, as stored.

        Args:
            layer: number of the block.
            capture: its input or its output.
            pooling: one that keeps patches.

        Raises:
            ArtifactError: see `features`.
        """
        stream, views = self._stream(layer, capture), VIEWS_OF_POOLING[pooling]
        first = 0
        for number in range(self.shards):
            stored = self._shard(views, stream, number)
            subtracted, patches = ([None] + [stored[view] for view in views])[-2:]
            assert patches is not None
            yield PatchShard(number, first, patches, subtracted)
            first += len(patches)

    def _stream(self, layer: int, capture: Capture) -> int:
        if not 0 <= layer < self.depth:
            raise ValueError(f"layer {layer} of a model of {self.layers} blocks")
        return residual_state(layer, capture) if self.layers else 0

    def _shard(self, views: tuple[View, ...], stream: int, shard: int) -> dict[View, Tensor]:
        """Return the stored views of one shard; all of them have the same clips."""
        paths = {view: feature_path(self.root, FeatureKey(view, stream, shard)) for view in views}
        stored = {view: read_features(path) for view, path in paths.items()}
        shapes = {array.shape for array in stored.values()}
        if len(shapes) > 1:
            raise ArtifactError(
                f"{' and '.join(map(str, paths.values()))} differ in shape ({shapes}): delete both "
                "and run again."
            )
        return stored


def read_features(path: Path | str) -> Tensor:
    """Memory-map the features in ``path`` and check dtype, shape, values and labels.

    Raises:
        ArtifactError: see `FeatureStore.features`.
    """
    key = parse_feature_path(path)
    stored = map_tensor(path, TENSOR)
    if stored.dtype != STORED_DTYPE[key.view] or stored.ndim != 3 or 0 in stored.shape:
        raise ArtifactError(
            f"{path} holds {stored.dtype} {list(stored.shape)} where {key.view} is "
            f"{STORED_DTYPE[key.view]} of three dimensions: delete it and run again."
        )
    metadata = read_metadata(path)
    held = (metadata.get("view"), metadata.get("stream"))
    if held != (key.view, key.stream):
        raise ArtifactError(
            f"{path} says that it holds view {held[0]} of stream {held[1]}: it was renamed or "
            "copied over another. Delete it and run again."
        )
    features = load_file(path)[TENSOR]
    if not is_finite(features):
        raise ArtifactError(f"{path} holds NaN or infinite values: delete it and run again.")
    if not any(clip.any() for clip in features):
        raise ArtifactError(f"{path} holds nothing but zeros: delete it and run again.")
    return features


def is_finite(values: Tensor) -> bool:
    """Say whether no value is NaN or infinite, in one pass and without memory for the answers."""
    return bool(torch.isfinite(torch.stack(torch.aminmax(values))).all())
