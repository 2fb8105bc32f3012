"""Where the file of one view, one residual stream and one shard lies, and how it stores numbers."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pez.features.spec import View

# Name of the one tensor in a feature file.
TENSOR = "features"
STORED_DTYPE: dict[View, np.dtype] = {
    "tubelet_mean": np.dtype("float32"),
    "first_tubelet_patches": np.dtype("float16"),
    "last_tubelet_patches": np.dtype("float16"),
    "all_patches": np.dtype("float16"),
}

_NAME = re.compile(r"^stream_(\d{2,})\.shard_(\d{3,})\.safetensors$")


class FeatureKey(NamedTuple):
    """What one feature file holds."""

    view: View
    stream: int
    shard: int


def feature_path(root: Path | str, key: FeatureKey) -> Path:
    """Return the file of ``key`` under ``root``, the folder of one model and one dataset."""
    name = f"stream_{key.stream:02d}.shard_{key.shard:03d}.safetensors"
    return Path(root) / key.view / name


def parse_feature_path(path: Path | str) -> FeatureKey:
    """Return the key of a file named by `feature_path`.

    Raises:
        ValueError: the path has another form.
    """
    path = Path(path)
    match = _NAME.match(path.name)
    if not match or path.parent.name not in STORED_DTYPE:
        raise ValueError(f"{path} is not the path of a feature file")
    return FeatureKey(path.parent.name, int(match[1]), int(match[2]))
