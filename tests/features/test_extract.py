"""Extraction end to end on a real, tiny V-JEPA 2, against the full token grid."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from encoder_samples import ball_frames, encoder_spec, ready_encoder, telling_weights
from pez.encoders.preprocess import build_transform, preprocess
from pez.encoders.residual_stream import capture_streams
from pez.features.extract import extract_features
from pez.features.frames import open_frames
from pez.features.paths import FeatureKey, feature_path, parse_feature_path
from pez.features.spec import VIEWS, VIEWS_OF_POOLING, ExtractionSpec, residual_state
from pez.features.store import FeatureStore, read_features
from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import check_data, read_header, read_metadata, write_tensors

SPEC = encoder_spec()
SHARDS = {0: 3, 1: 2}  # clips of each shard
EXTRACTION = ExtractionSpec(batch_size=2, precision="fp32")
TUBELETS, PATCHES = 4, 16
ORIGIN = {"weights": {"source": "random", "seed": 0}}


def outputs(root, shard, views=VIEWS):
    return [
        feature_path(root, FeatureKey(view, stream, shard))
        for view in views
        for stream in range(SPEC.layers + 1)
    ]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    frames = ball_frames(clips=sum(SHARDS.values()))
    first = SHARDS[0]
    for shard, part in enumerate((frames[:first], frames[first:])):
        write_tensors(folder / f"shard_{shard:03d}.safetensors", {"frames": part}, {})
    weights = {name: tensor.numpy() for name, tensor in telling_weights(SPEC).items()}
    write_tensors(folder / "tiny.safetensors", weights, ORIGIN)
    return folder


def extract(inputs, root, shard, extraction=EXTRACTION, views=VIEWS):
    extract_features(
        clips=[inputs / f"shard_{number:03d}.safetensors" for number in SHARDS],
        checkpoint=inputs / "tiny.safetensors",
        model="tiny",
        encoder_spec=SPEC,
        extraction=extraction,
        outputs=outputs(root, shard, views),
        device="cpu",
    )


@pytest.fixture(scope="module")
def root(inputs, tmp_path_factory):
    root = tmp_path_factory.mktemp("features") / "tiny" / "velocity"
    for shard in SHARDS:
        extract(inputs, root, shard)
    return root


@pytest.fixture(scope="module")
def store(root):
    return FeatureStore(root, layers=SPEC.layers, shards=len(SHARDS))


@pytest.fixture(scope="module")
def grid():
    """Every token of every stream, float32 [L + 1, clips, T', P, D], without the code above."""
    frames = torch.from_numpy(ball_frames(clips=sum(SHARDS.values())))
    encoder, _ = ready_encoder(SPEC, telling_weights(SPEC))
    pixels = preprocess(frames, build_transform("resize", SPEC.input_size))
    streams = capture_streams(encoder, pixels, lambda _, tokens: tokens.clone())
    return torch.stack(streams).unflatten(2, (TUBELETS, PATCHES)).numpy()


POOLED = {
    "mean": lambda tokens: tokens.mean((1, 2)),
    "temporal_first": lambda tokens: tokens[:, 0].mean(1),
    "temporal_last": lambda tokens: tokens[:, -1].mean(1),
    "temporal_diff": lambda tokens: tokens[:, -1].mean(1) - tokens[:, 0].mean(1),
    "temporal_last_patch": lambda tokens: tokens[:, -1].reshape(len(tokens), -1),
    "all_patch": lambda tokens: tokens.reshape(len(tokens), -1),
    "temporal_diff_patch": lambda tokens: (tokens[:, -1] - tokens[:, 0]).reshape(len(tokens), -1),
}


@pytest.mark.parametrize("capture", ["resid_pre", "resid_post"])
@pytest.mark.parametrize("pooling", POOLED)
def test_every_capture_and_pooling_equals_pooling_the_whole_grid(pooling, capture, store, grid):
    assert set(POOLED) == set(VIEWS_OF_POOLING)
    # Patches are stored in float16: 11 significant bits.
    atol = 2e-3 * np.abs(grid).max() if "patch" in pooling else 1e-5
    for layer in range(SPEC.layers):
        features = store.features(layer, capture, pooling)
        expected = POOLED[pooling](grid[layer if capture == "resid_pre" else layer + 1])
        assert features.dtype == np.float32
        np.testing.assert_allclose(features, expected, rtol=1e-5, atol=atol)


def test_captures_are_one_stream_apart(store):
    for layer in range(SPEC.layers - 1):
        post = store.features(layer, "resid_post", "temporal_last")
        assert np.array_equal(post, store.features(layer + 1, "resid_pre", "temporal_last"))
        assert not np.array_equal(post, store.features(layer, "resid_pre", "temporal_last"))
    assert residual_state(SPEC.layers - 1, "resid_post") == SPEC.layers


def test_stored_shapes_and_types(root):
    for path in root.rglob("*.safetensors"):
        view, _, shard = parse_feature_path(path)
        entry = read_header(path)[0]["features"]
        rows = {"tubelet_mean": TUBELETS, "all_patches": TUBELETS * PATCHES}.get(view, PATCHES)
        assert entry["shape"] == [SHARDS[shard], rows, SPEC.hidden_size]
        assert entry["dtype"] == ("F32" if view == "tubelet_mean" else "F16")


def test_metadata_tells_where_features_come_from(root, inputs):
    path = feature_path(root, FeatureKey("tubelet_mean", 2, 1))
    metadata = read_metadata(path)
    assert metadata.pop("versions").keys() == {"torch"}
    assert metadata.pop("clips_checksums") == [check_data(inputs / "shard_001.safetensors")]
    assert metadata.pop("weights_checksum") == check_data(inputs / "tiny.safetensors")
    assert metadata == {
        "model": "tiny",
        "clips": ["shard_001.safetensors"],
        "shard": 1,
        "view": "tubelet_mean",
        "stream": 2,
        "weights": {"source": "random", "seed": 0},
        "preprocessing": "resize",
        "input_size": 64,
        "precision": "fp32",
        "device": "cpu",
    }


def test_shards_of_one_job_have_the_bytes_of_shards_of_their_own_jobs(inputs, root, tmp_path):
    extract_features(
        clips=[inputs / f"shard_{shard:03d}.safetensors" for shard in SHARDS],
        checkpoint=inputs / "tiny.safetensors",
        model="tiny",
        encoder_spec=SPEC,
        extraction=EXTRACTION,
        outputs=[path for shard in SHARDS for path in outputs(tmp_path, shard)],
        device="cpu",
    )
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == len(SHARDS) * len(outputs(tmp_path, 0))
    for path in written:
        assert path.read_bytes() == (root / path.relative_to(tmp_path)).read_bytes(), path.name


def test_a_shard_that_fails_leaves_those_before_it_and_nothing_of_itself(inputs, tmp_path):
    shutil.copytree(inputs, tmp_path / "in")
    damaged = tmp_path / "in/shard_001.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    with pytest.raises(ArtifactError, match=r"shard_001.safetensors is damaged"):
        extract_features(
            clips=[tmp_path / f"in/shard_{shard:03d}.safetensors" for shard in SHARDS],
            checkpoint=inputs / "tiny.safetensors",
            model="tiny",
            encoder_spec=SPEC,
            extraction=EXTRACTION,
            outputs=[path for shard in SHARDS for path in outputs(tmp_path / "out", shard)],
            device="cpu",
        )
    left = {path for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert left == set(outputs(tmp_path / "out", 0))


def test_files_are_those_that_the_library_writes(root, tmp_path):
    path = outputs(root, 1)[0]
    again = tmp_path / path.name
    write_tensors(again, {"features": read_features(path).numpy()}, read_metadata(path))
    assert load_file(path)["features"].equal(load_file(again)["features"])
    assert again.read_bytes() == path.read_bytes()


def test_clips_of_two_lengths_are_refused(inputs, tmp_path):
    longer = tmp_path / "shard_001.safetensors"
    write_tensors(longer, {"frames": ball_frames(clips=1, frames=10)}, {})
    with pytest.raises(
        ArtifactError, match=r"shard_000.*shard_001.*clips of \{(8, 10|10, 8)\} frames"
    ):
        extract_features(
            clips=[inputs / "shard_000.safetensors", longer],
            checkpoint=inputs / "tiny.safetensors",
            model="tiny",
            encoder_spec=SPEC,
            extraction=EXTRACTION,
            outputs=outputs(tmp_path, 0) + outputs(tmp_path, 1),
            device="cpu",
        )


def test_bytes_are_reproducible(inputs, root, tmp_path):
    extract(inputs, tmp_path / "again", 1)
    for path in outputs(root, 1):
        again = tmp_path / "again" / path.relative_to(root)
        assert again.read_bytes() == path.read_bytes(), path.name


def test_one_forward_pass_per_batch_writes_every_file(inputs, tmp_path, monkeypatch):
    from pez.features import extract as module

    batches = []

    def counted(encoder, pixels, reduce):
        batches.append(len(pixels))
        return capture_streams(encoder, pixels, reduce)

    monkeypatch.setattr(module, "capture_streams", counted)
    extract(inputs, tmp_path, 0)
    assert batches == [2, 1]
    assert all(path.exists() for path in outputs(tmp_path, 0))


def test_batch_size_changes_nothing_but_rounding(inputs, root, tmp_path):
    extract(inputs, tmp_path, 0, ExtractionSpec(batch_size=1, precision="fp32"), ("tubelet_mean",))
    one, two = (FeatureStore(folder, SPEC.layers, 1) for folder in (tmp_path, root))
    for layer in range(SPEC.layers):
        np.testing.assert_allclose(
            one.features(layer, "resid_post", "mean"),
            two.features(layer, "resid_post", "mean"),
            atol=1e-5,
        )


def test_bf16_and_eval_preproc_reach_the_features_and_the_metadata(inputs, store, tmp_path):
    plain = store.features(2, "resid_post", "mean")[: SHARDS[0]]
    distances = {}
    for name, changes in {
        "bf16": {"precision": "bf16"},
        "eval_preproc": {"precision": "fp32", "preprocessing": "eval_preproc"},
    }.items():
        extract(inputs, tmp_path / name, 0, ExtractionSpec(**changes), ("tubelet_mean",))
        features = FeatureStore(tmp_path / name, SPEC.layers, 1).features(2, "resid_post", "mean")
        distances[name] = np.linalg.norm(features - plain) / np.linalg.norm(plain)
        metadata = read_metadata(outputs(tmp_path / name, 0)[0])
        assert name in (metadata["precision"], metadata["preprocessing"])
    assert 0 < distances["bf16"] < 1e-2 < distances["eval_preproc"]


def test_outputs_must_be_all_streams(inputs, tmp_path):
    with pytest.raises(ValueError, match=r"not streams 0\.\.3 of each of \['tubelet_mean'\]"):
        extract_features(
            clips=[inputs / "shard_000.safetensors"],
            checkpoint=inputs / "tiny.safetensors",
            model="tiny",
            encoder_spec=SPEC,
            extraction=EXTRACTION,
            outputs=outputs(tmp_path, 0, ("tubelet_mean",))[:-1],
            device="cpu",
        )


def _with_bias(inputs, folder, value):
    """A copy of the inputs whose first block adds ``value`` to channel 5 of every token."""
    shutil.copytree(inputs, folder)
    weights = {name: tensor.numpy() for name, tensor in telling_weights(SPEC).items()}
    weights["layer.1.mlp.fc2.bias"][5] = value
    write_tensors(folder / "tiny.safetensors", weights, ORIGIN)
    return folder


def test_float16_overflow_is_an_error_with_a_cure(inputs, tmp_path):
    broken = _with_bias(inputs, tmp_path / "in", 1e5)
    with pytest.raises(ArtifactError) as caught:
        extract(broken, tmp_path / "out", 0, views=("last_tubelet_patches",))
    message = str(caught.value)
    assert "last_tubelet_patches of residual stream 2" in message
    assert "shard_000.safetensors" in message and "65504" in message and "temporal_last" in message
    # Stored in float32, the tubelet means of the same clips are fine.
    extract(broken, tmp_path / "out", 0, views=("tubelet_mean",))


def test_non_finite_features_are_never_written(inputs, tmp_path):
    broken = _with_bias(inputs, tmp_path / "in", 3e38)
    with pytest.raises(
        ArtifactError, match=r"tubelet_mean of residual stream \d .*precision to fp32"
    ):
        extract(broken, tmp_path / "out", 0, views=("tubelet_mean",))
    written = list((tmp_path / "out").rglob("*.safetensors"))
    assert {parse_feature_path(path).stream for path in written} <= {0, 1}


@pytest.mark.parametrize(
    ("frames", "complaint"),
    [
        (np.zeros((2, 8, 64, 64), np.uint8), r"holds uint8 \[2, 8, 64, 64\]"),
        (np.zeros((2, 8, 64, 64, 3), np.float32), "holds float32"),
        (np.zeros((0, 8, 64, 64, 3), np.uint8), r"\[0, 8"),
        (np.zeros((2, 8, 64, 64, 4), np.uint8), "frames, height, width, 3"),
        (np.zeros((2, 7, 64, 64, 3), np.uint8), "clips of 7 frames.*clips.scene.frames"),
    ],
)
def test_clip_shard_of_wrong_shape_or_dtype(frames, complaint, tmp_path):
    path = tmp_path / "shard_000.safetensors"
    write_tensors(path, {"frames": frames}, {})
    with pytest.raises(ArtifactError, match=complaint) as caught:
        open_frames(path)
    assert str(path) in str(caught.value)


def test_truncated_clip_shard(inputs, tmp_path):
    whole = (inputs / "shard_000.safetensors").read_bytes()
    cut = tmp_path / "shard_000.safetensors"
    cut.write_bytes(whole[:-1])
    with pytest.raises(ArtifactError, match=r"shard_000.safetensors is damaged.*Delete it"):
        open_frames(cut)


def test_metadata_is_free_of_timestamps_and_paths(root, inputs):
    for path in root.rglob("*.safetensors"):
        text = json.dumps(read_metadata(path))
        assert str(inputs) not in text and str(root) not in text
