"""Feature files: read back as one array per layer, capture and pooling."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pez.features.paths import STORED_DTYPE, TENSOR, FeatureKey, feature_path, parse_feature_path
from pez.features.spec import VIEWS_OF_POOLING, Capture, Pooling, View
from pez.features.views import pool, stream_index
from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import map_tensor, read_metadata


@dataclass(frozen=True)
class FeatureStore:
    """The features of one model on one dataset, as written by `pez.features.extract`.

    Attributes:
        root: folder ``features/{model}/{dataset}``.
        layers: number L of transformer blocks; there are L + 1 streams.
        shards: number of clip shards.
    """

    root: Path
    layers: int
    shards: int

    def features(self, layer: int, capture: Capture, pooling: Pooling) -> NDArray[np.float32]:
        """Return the pooled features of all clips at block ``layer``, in clip order.

        Returns:
            float32 [clips, D'] (see `pez.features.views.pool`).

        Raises:
            ArtifactError: a file is missing, damaged, of a wrong shape or dtype, holds a NaN, or
                holds another view or stream than its path says.
        """
        if not 0 <= layer < self.layers:
            raise ValueError(f"layer {layer} of a model of {self.layers} blocks")
        stream = stream_index(layer, capture)
        # Pooled shard by shard: of the float16 patches only one shard is ever widened at a time.
        pooled = [
            pool(pooling, self._shard(VIEWS_OF_POOLING[pooling], stream, shard))
            for shard in range(self.shards)
        ]
        for shard, array in enumerate(pooled):
            if array.shape[1] != pooled[0].shape[1]:
                key = FeatureKey(VIEWS_OF_POOLING[pooling][0], stream, shard)
                raise ArtifactError(
                    f"{feature_path(self.root, key)} has {array.shape[1]} features a clip where "
                    f"shard 0 has {pooled[0].shape[1]}: delete {self.root} and run again."
                )
        return np.concatenate(pooled)

    def _shard(self, views: tuple[View, ...], stream: int, shard: int) -> dict[View, NDArray]:
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


def read_features(path: Path | str) -> NDArray:
    """Memory-map the features in ``path`` and check dtype, shape, values and labels.

    Raises:
        ArtifactError: see `FeatureStore.features`.
    """
    key = parse_feature_path(path)
    features = map_tensor(path, TENSOR)
    if features.dtype != STORED_DTYPE[key.view] or features.ndim != 3 or 0 in features.shape:
        raise ArtifactError(
            f"{path} holds {features.dtype} {list(features.shape)} where {key.view} is "
            f"{STORED_DTYPE[key.view]} of three dimensions: delete it and run again."
        )
    metadata = read_metadata(path)
    held = (metadata.get("view"), metadata.get("stream"))
    if held != (key.view, key.stream):
        raise ArtifactError(
            f"{path} says that it holds view {held[0]} of stream {held[1]}: it was renamed or "
            "copied over another. Delete it and run again."
        )
    if not np.isfinite(features).all():
        raise ArtifactError(f"{path} holds NaN or infinite values: delete it and run again.")
    return features
