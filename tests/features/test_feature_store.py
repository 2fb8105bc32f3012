"""A feature file that is not what its path promises is refused, by name and with the cure."""

import numpy as np
import pytest

from pez.features.paths import FeatureKey, feature_path, parse_feature_path
from pez.features.store import FeatureStore, read_features
from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import write_tensors

CLIPS, TUBELETS, PATCHES, WIDTH = 3, 4, 16, 6
SHAPES = {
    "tubelet_mean": (CLIPS, TUBELETS, WIDTH),
    "first_tubelet_patches": (CLIPS, PATCHES, WIDTH),
    "last_tubelet_patches": (CLIPS, PATCHES, WIDTH),
}


def features_of(key: FeatureKey) -> np.ndarray:
    dtype = np.float32 if key.view == "tubelet_mean" else np.float16
    seed = sum(map(ord, key.view)) + 10 * key.stream + key.shard
    return np.random.default_rng(seed).normal(size=SHAPES[key.view]).astype(dtype)


@pytest.fixture
def store(tmp_path):
    for view in SHAPES:
        for stream in range(3):
            for shard in range(2):
                key = FeatureKey(view, stream, shard)
                metadata = {"view": view, "stream": stream}
                write_tensors(feature_path(tmp_path, key), {"features": features_of(key)}, metadata)
    return FeatureStore(tmp_path, layers=2, shards=2)


def damage(store, key, array, **metadata):
    path = feature_path(store.root, key)
    write_tensors(path, {"features": array}, {"view": key.view, "stream": key.stream} | metadata)
    return path


MEAN = FeatureKey("tubelet_mean", 1, 1)
LAST = FeatureKey("last_tubelet_patches", 1, 1)


def test_shards_follow_one_another_in_clip_order(store):
    features = store.features(0, "resid_post", "temporal_last")
    parts = [features_of(FeatureKey("tubelet_mean", 1, shard))[:, -1] for shard in (0, 1)]
    assert np.array_equal(features, np.concatenate(parts))


def test_paths_are_inverse_to_parsing(tmp_path):
    path = feature_path(tmp_path, LAST)
    assert path == tmp_path / "last_tubelet_patches" / "stream_01.shard_001.safetensors"
    assert parse_feature_path(path) == LAST
    for wrong in (
        "other_view/stream_01.shard_001.safetensors",
        "tubelet_mean/stream_1.safetensors",
    ):
        with pytest.raises(ValueError, match="is not the path of a feature file"):
            parse_feature_path(tmp_path / wrong)


@pytest.mark.parametrize(
    ("array", "complaint"),
    [
        (np.zeros((3, 4, 6), np.float16), "holds float16"),
        (np.zeros((3, 6), np.float32), r"holds float32 \[3, 6\]"),
        (np.zeros((0, 4, 6), np.float32), r"\[0, 4, 6\]"),
        (np.full((3, 4, 6), np.nan, np.float32), "NaN or infinite"),
        (np.full((3, 4, 6), np.inf, np.float32), "NaN or infinite"),
        (np.ones((3, 4, 5), np.float32), "5 features a clip where shards before it have 6"),
    ],
)
def test_wrong_dtype_shape_or_value(array, complaint, store):
    path = damage(store, MEAN, array)
    with pytest.raises(ArtifactError, match=complaint) as caught:
        store.features(0, "resid_post", "mean")
    assert str(path) in str(caught.value) and "run again" in str(caught.value)
    store.features(0, "resid_pre", "mean")  # another stream, untouched


def test_views_of_one_shard_must_agree(store):
    damage(store, LAST, np.ones((3, 15, 6), np.float16))
    with pytest.raises(ArtifactError, match="differ in shape"):
        store.features(0, "resid_post", "temporal_diff_patch")


def test_renamed_file_is_noticed(store):
    damage(store, MEAN, features_of(MEAN), stream=2)
    with pytest.raises(ArtifactError, match="view tubelet_mean of stream 2: it was renamed"):
        store.features(0, "resid_post", "mean")


def test_truncated_missing_and_foreign_files(store):
    path = feature_path(store.root, MEAN)
    whole = path.read_bytes()
    for kept in (len(whole) - 1, 30, 0):
        path.write_bytes(whole[:kept])
        with pytest.raises(ArtifactError, match=rf"{path.name} is .*elete it and run again"):
            read_features(path)
    path.unlink()
    with pytest.raises(ArtifactError, match=f"{path.name} does not exist: run its rule again"):
        read_features(path)
    write_tensors(path, {"frames": np.zeros(3, np.uint8)}, {})
    with pytest.raises(ArtifactError, match=r"holds \['frames'\] and no tensor 'features'"):
        read_features(path)


@pytest.mark.parametrize("layer", [-1, 2])
def test_layer_out_of_range(layer, store):
    with pytest.raises(ValueError, match="of a model of 2 blocks"):
        store.features(layer, "resid_pre", "mean")
