"""Permuted weights: the same values in each tensor, in another order, by seed."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from pez.encoders.permute import permute_weights
from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import read_metadata, write_tensors


def test_values_stay_in_their_tensor_and_lose_their_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weights = {
        "a.weight": rng.normal(size=(8, 5)).astype(np.float16),
        "a.bias": np.arange(8, dtype=np.float16),
        "b.weight": rng.normal(size=(4, 3, 2)).astype(np.float16),
    }
    write_tensors(tmp_path / "own", weights, {"architecture": {"layers": 2}})
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        permutation = {"source": "permuted", "of": "m", "seed": seed}
        permute_weights(tmp_path / "own", permutation, tmp_path / name)
    one, again, other = (load_file(tmp_path / name) for name in ("one", "again", "other"))
    for name, values in weights.items():
        assert one[name].shape == values.shape and one[name].dtype == values.dtype
        np.testing.assert_array_equal(np.sort(one[name], axis=None), np.sort(values, axis=None))
        np.testing.assert_array_equal(one[name], again[name])
        assert (one[name] != values).any() and (one[name] != other[name]).any()
    assert read_metadata(tmp_path / "one") == {
        "architecture": {"layers": 2},
        "weights": {"source": "permuted", "of": "m", "seed": 1},
    }


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="nowhere"):
        permute_weights(tmp_path / "nowhere", {"of": "m", "seed": 1}, tmp_path / "out")
