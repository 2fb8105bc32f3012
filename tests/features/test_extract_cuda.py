"""Extraction on a real GPU against the CPU; skipped where there is none."""

import logging

import pytest
import torch

from encoder_samples import ball_frames, encoder_spec, telling_weights
from pez.features.extract import extract_features
from pez.features.paths import FeatureKey, feature_path
from pez.features.spec import VIEWS, ExtractionSpec
from pez.features.store import FeatureStore
from pez.runtime.tensor_file import read_metadata, write_tensors

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")

SPEC = encoder_spec(hidden_size=256, heads=4, mlp_size=1024, layers=6, input_size=256)
CLIPS = 16


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    frames = ball_frames(clips=CLIPS, size=256, frames=16)
    write_tensors(folder / "shard_000.safetensors", {"frames": frames}, {})
    weights = {name: tensor.numpy() for name, tensor in telling_weights(SPEC).items()}
    write_tensors(
        folder / "model.safetensors", weights, {"weights": {"source": "random", "seed": 0}}
    )
    return folder


def extract(inputs, root, device, **extraction):
    outputs = [
        feature_path(root, FeatureKey(view, stream, 0))
        for view in VIEWS
        for stream in range(SPEC.layers + 1)
    ]
    extract_features(
        clips=[inputs / "shard_000.safetensors"],
        checkpoint=inputs / "model.safetensors",
        model="tiny",
        encoder_spec=SPEC,
        extraction=ExtractionSpec(
            **{"preprocessing": "resize", "batch_size": 8, "precision": "fp32"} | extraction
        ),
        outputs=outputs,
        device=device,
    )
    return FeatureStore(root, SPEC.layers, 1)


@pytest.fixture(scope="module")
def on_cpu(inputs, tmp_path_factory):
    return extract(inputs, tmp_path_factory.mktemp("cpu"), "cpu")


def largest_error(store, reference):
    errors = []
    for layer in range(SPEC.layers):
        expected = reference.features(layer, "resid_post", "temporal_last_patch")
        found = store.features(layer, "resid_post", "temporal_last_patch")
        errors.append(float(((found - expected) ** 2).sum() / (expected**2).sum()) ** 0.5)
    return max(errors)


@pytest.mark.parametrize(("precision", "bound"), [("fp32", 5e-4), ("bf16", 3e-2), ("auto", 3e-2)])
def test_gpu_agrees_with_the_cpu_at_every_layer(precision, bound, inputs, on_cpu, tmp_path):
    store = extract(inputs, tmp_path, "cuda", precision=precision)
    assert largest_error(store, on_cpu) < bound
    metadata = read_metadata(feature_path(tmp_path, FeatureKey("tubelet_mean", 0, 0)))
    assert metadata["device"] == "cuda"
    assert metadata["precision"] == ("fp32" if precision == "fp32" else "bf16")


def test_patch_embedding_is_full_float32_in_every_mode(inputs, on_cpu, tmp_path):
    store = extract(inputs, tmp_path, "cuda", precision="bf16")
    expected = on_cpu.features(0, "resid_pre", "temporal_last")
    found = store.features(0, "resid_pre", "temporal_last")
    assert abs(found - expected).max() < 1e-5 * abs(expected).max()


def test_bytes_are_reproducible_on_one_gpu(inputs, tmp_path):
    for name in ("one", "two"):
        extract(inputs, tmp_path / name, "cuda", precision="bf16")
    for path in (tmp_path / "one").rglob("*.safetensors"):
        assert (
            path.read_bytes()
            == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()
        )


def test_batch_is_halved_when_the_gpu_is_really_full(inputs, on_cpu, tmp_path, caplog):
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(250e6 / total)
    try:
        with caplog.at_level(logging.WARNING):
            store = extract(inputs, tmp_path, "cuda", batch_size=CLIPS)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "batch_size is now 8" in caplog.text and "batch_size is now 1" not in caplog.text
    assert largest_error(store, on_cpu) < 5e-4
