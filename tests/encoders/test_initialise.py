"""Untrained weights follow Meta's scheme and are reproducible."""

import math

import pytest
import torch

from encoder_samples import encoder_spec
from pez.encoders.compute import choose_compute
from pez.encoders.initialise import initial_weights, write_initial_weights
from pez.encoders.load import load_encoder
from pez.runtime.tensor_file import read_metadata

SPEC = encoder_spec(hidden_size=192, heads=3, mlp_size=768, layers=4)


@pytest.fixture(scope="module")
def weights():
    return initial_weights(SPEC, seed=3)


def test_scheme(weights):
    for name, tensor in weights.items():
        if name.endswith("bias"):
            assert not tensor.any(), name
        elif "norm" in name:
            assert (tensor == 1).all(), name
        else:
            block = int(name.split(".")[1]) + 1 if name.startswith("layer.") else 0
            written = name.endswith(("attention.proj.weight", "mlp.fc2.weight"))
            expected = 0.02 / math.sqrt(2 * block) if written else 0.02
            assert tensor.std().item() == pytest.approx(expected, rel=0.03), name
            assert abs(tensor.mean().item()) < 1e-3, name


def test_seed_decides(weights):
    again, other = initial_weights(SPEC, seed=3), initial_weights(SPEC, seed=4)
    name = "layer.2.mlp.fc1.weight"
    assert all(torch.equal(weights[key], again[key]) for key in weights)
    assert not torch.allclose(weights[name], other[name])
    # Two matrices of one shape are two draws.
    assert not torch.equal(weights[name], weights["layer.1.mlp.fc1.weight"])


def test_global_random_state_neither_matters_nor_changes(weights):
    torch.manual_seed(7)
    before = torch.get_rng_state()
    again = initial_weights(SPEC, seed=3)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(weights["layer.0.mlp.fc1.weight"], again["layer.0.mlp.fc1.weight"])


def test_file_loads_and_is_byte_reproducible(tmp_path, weights):
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    write_initial_weights(SPEC, 3, first)
    write_initial_weights(SPEC, 3, second)
    assert first.read_bytes() == second.read_bytes()
    assert read_metadata(first)["weights"] == {"source": "random", "seed": 3}
    encoder = load_encoder(first, SPEC, choose_compute("cpu", "fp32"))
    assert torch.equal(encoder.layer[3].mlp.fc2.weight, weights["layer.3.mlp.fc2.weight"])
