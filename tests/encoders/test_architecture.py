"""Sizes of the published encoders, and input of the wrong size."""

import pytest
import torch

from encoder_samples import encoder_spec, ready_encoder, telling_weights
from pez.encoders.architecture import build_encoder, expected_shapes

# Parameters of the encoders in millions, measured on Meta's code (blocks, width, heads, MLP).
PUBLISHED = {
    "large": (24, 1024, 16, 4096, 303.9),
    "huge": (32, 1280, 16, 5120, 631.6),
    "giant": (40, 1408, 22, 6144, 1012.2),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_encoders_have_their_published_size(name):
    layers, hidden, heads, mlp, millions = PUBLISHED[name]
    spec = encoder_spec(
        layers=layers, hidden_size=hidden, heads=heads, mlp_size=mlp, input_size=256
    )
    shapes = expected_shapes(spec)
    assert shapes["layer.0.mlp.fc1.weight"] == (mlp, hidden)
    assert sum(torch.Size(shape).numel() for shape in shapes.values()) / 1e6 == pytest.approx(
        millions, abs=0.05
    )


@pytest.mark.parametrize("size", [48, 80])
def test_pixels_of_another_size_than_the_positions_are_refused(size):
    spec = encoder_spec(layers=1)
    encoder, _ = ready_encoder(spec, telling_weights(spec))
    with pytest.raises(ValueError, match="positions would be wrong"):
        encoder(torch.zeros(1, 4, 3, size, size))


def test_the_wrong_size_would_otherwise_go_unnoticed():
    """The reason for the check: other positions, other features, and no error."""
    weights = telling_weights(encoder_spec(layers=1))
    right, _ = ready_encoder(encoder_spec(layers=1, input_size=64), weights)
    wrong, _ = ready_encoder(encoder_spec(layers=1, input_size=128), weights)
    wrong.check_pixels = lambda _: None
    pixels = torch.randn(1, 4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    expected = right(pixels)
    assert (wrong(pixels) - expected).norm() / expected.norm() > 1e-3


def test_an_odd_number_of_frames_is_refused():
    spec = encoder_spec(layers=1)
    encoder, _ = ready_encoder(spec, telling_weights(spec))
    with pytest.raises(ValueError, match="5 frames cannot be cut into tubelets"):
        encoder(torch.zeros(1, 5, 3, 64, 64))


def test_building_allocates_nothing():
    spec = encoder_spec(layers=40, hidden_size=1408, heads=22, mlp_size=6144)
    assert all(parameter.is_meta for parameter in build_encoder(spec).parameters())
