"""The trained network is the one that features are extracted with."""

import torch
from tiny import ENCODER

from encoder_samples import CPU, telling_weights
from pez.encoders.architecture import build_encoder, expected_shapes
from pez.encoders.compute import Compute
from pez.encoders.transformer import prepare
from pez.pretraining.network import _mlp_ratio, build_trainable


def test_mlp_size_survives_the_ratio_that_transformers_takes():
    naive_misses = 0
    for hidden in range(24, 400):
        for mlp in (hidden + 1, 3 * hidden - 1, 4 * hidden + 7):
            assert int(hidden * _mlp_ratio(hidden, mlp)) == mlp
            naive_misses += int(hidden * (mlp / hidden)) != mlp
    assert naive_misses  # the plain quotient does lose some


def test_names_shapes_and_outputs_agree():
    weights = telling_weights(ENCODER)
    trained = build_trainable(ENCODER)
    shapes = {name: tuple(value.shape) for name, value in trained.state_dict().items()}
    assert list(shapes.items()) == list(expected_shapes(ENCODER).items())
    trained.load_state_dict(weights, assign=True)
    extracted = build_encoder(ENCODER)
    extracted.load_state_dict(weights, assign=True)
    pixels = torch.randn(1, 4, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = trained(pixels).last_hidden_state
        found = prepare(extracted, Compute(CPU, "fp32"))(pixels)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
