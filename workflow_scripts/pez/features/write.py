"""Writing of feature files: nothing that is not finite gets in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pez.features.paths import TENSOR, FeatureKey, parse_feature_path
from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import write_tensors


def write_features(
    path: Path | str, features: NDArray, clips: Path | str, metadata: Mapping[str, Any]
) -> None:
    """Write one view of one stream of one shard, after checking that every value is finite.

    Args:
        path: as named by `feature_path`.
        features: [n, T', D] float32 or [n, P, D] float16 (see `pez.features.views`).
        clips: the clip shard they come from, for the message.
        metadata: where they come from, stored in the file with view and stream.

    Raises:
        ArtifactError: a value is NaN or infinite, or the disk is full.
    """
    key = parse_feature_path(path)
    if not np.isfinite(features).all():
        raise ArtifactError(_not_finite(key, features, clips))
    write_tensors(path, {TENSOR: features}, {**metadata, "view": key.view, "stream": key.stream})


def _not_finite(key: FeatureKey, features: NDArray, clips: Path | str) -> str:
    where = f"{key.view} of residual stream {key.stream} of {clips}"
    if features.dtype == np.float16 and not np.isnan(features).any():
        return (
            f"{where}: values above 65504 do not fit the float16 of patch views. Choose a pooling "
            "without patches for the probes of this model (temporal_last for temporal_last_patch)."
        )
    return (
        f"{where} has NaN or infinite values, so nothing was written. Set extraction.precision to "
        "fp32; if they remain, the model's weights are damaged: delete its file in checkpoints/."
    )
