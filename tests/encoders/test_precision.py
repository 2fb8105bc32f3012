"""bfloat16 against float32, and blocked attention against PyTorch's own."""

import pytest
import torch

from encoder_samples import ball_frames, encoder_spec, ready_encoder, telling_weights
from pez.encoders.attention import blocked_attention, fused_attention
from pez.encoders.compute import choose_compute
from pez.encoders.initialise import initial_weights
from pez.encoders.preprocess import build_transform, preprocess
from pez.encoders.residual_stream import capture_streams

NANO = encoder_spec(hidden_size=192, layers=12, heads=3, mlp_size=768, input_size=256)
# Width, heads and MLP of V-JEPA 2 Large, a third of its depth.
WIDE = encoder_spec(hidden_size=1024, layers=8, heads=16, mlp_size=4096)


def _streams(spec, weights, precision):
    frames = torch.from_numpy(ball_frames(clips=1, size=spec.input_size, frames=16))
    pixels = preprocess(frames, build_transform("resize", spec.input_size))
    encoder, compute = ready_encoder(spec, weights, precision)
    with compute.autocast():
        return capture_streams(encoder, pixels, lambda _, tokens: tokens.clone())


@pytest.mark.parametrize(
    ("spec", "amplify", "bound"),
    [
        # Relative error of the last layer measured for autocast with transformers as it is, which
        # keeps the stream in bfloat16: 9.3e-3 after 12 blocks of Large, 3.6e-2 with hot weights.
        pytest.param(NANO, 1, 1.5e-3, id="nano"),
        pytest.param(WIDE, 1, 5e-3, id="width of large"),
        pytest.param(WIDE, 4, 3e-2, id="width of large, peaked attention and large updates"),
    ],
)
def test_bf16_error_is_bounded_at_every_layer(spec, amplify, bound):
    weights = initial_weights(spec, seed=0)
    for name in weights:
        if name.endswith(("query.weight", "key.weight", "attention.proj.weight", "fc2.weight")):
            weights[name] *= amplify
    exact = _streams(spec, weights, "fp32")
    rounded = _streams(spec, weights, "bf16")
    assert torch.equal(exact[0], rounded[0])  # the patch embedding is computed in float32
    errors = [
        ((a - b).norm() / a.norm()).item() for a, b in zip(exact[1:], rounded[1:], strict=True)
    ]
    assert errors[0] > 0 and max(errors) < bound, errors


def _attention_input(dtype: torch.dtype, tokens: int = 1300):
    generator = torch.Generator().manual_seed(0)
    # Peaked, so that a wrong block boundary or head shows. 1300 is no multiple of the block.
    shape = (2, 3, tokens, 20)
    return [(2 * torch.randn(shape, generator=generator)).to(dtype) for _ in range(3)]


def test_blocked_attention_equals_sdpa_in_float32():
    inputs = _attention_input(torch.float32)
    blocked = blocked_attention(*inputs, scaling=0.3)
    assert blocked.shape == (2, 1300, 3, 20)
    torch.testing.assert_close(blocked, _sdpa(inputs), rtol=1e-4, atol=1e-4)


def test_blocked_attention_in_bfloat16_stays_within_the_rounding_of_its_scores():
    inputs = _attention_input(torch.bfloat16)
    exact = _sdpa([tensor.double() for tensor in inputs])
    blocked = blocked_attention(*inputs, scaling=0.3)
    assert blocked.dtype == torch.bfloat16
    # Scores up to 25 carry 8 significant bits: an error of 0.05 on the largest, and less on others.
    error = ((blocked - exact).norm() / exact.norm()).item()
    assert 1e-3 < error < 2e-2, error


def _sdpa(inputs):
    attend = torch.nn.functional.scaled_dot_product_attention
    return attend(*inputs, scale=0.3).transpose(1, 2)


def test_the_encoder_really_uses_blocked_attention_in_bf16_on_the_cpu():
    spec = encoder_spec()
    weights = telling_weights(spec)
    for precision, expected in (("bf16", blocked_attention), ("fp32", fused_attention)):
        encoder = ready_encoder(spec, weights, precision)[0]
        assert all(block.attention.attend is expected for block in encoder.layer)
    default = _streams(spec, weights, "bf16")
    encoder, compute = ready_encoder(spec, weights, "bf16")
    for block in encoder.layer:
        block.attention.attend = fused_attention
    frames = torch.from_numpy(ball_frames(clips=1, frames=16))
    with compute.autocast():
        plain = capture_streams(
            encoder, preprocess(frames, build_transform("resize", 64)), lambda _, s: s.clone()
        )
    error = ((default[-1] - plain[-1]).norm() / plain[-1].norm()).item()
    assert 0 < error < 1e-2  # another order of rounding, the same attention


def test_auto_precision_of_a_processor_is_float32_whatever_it_is_good_at(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert choose_compute("cpu", "auto").precision == "fp32"
    for asked in ("fp32", "bf16"):
        assert choose_compute("cpu", asked).precision == asked


@pytest.mark.parametrize(("units", "expected"), [(True, "bf16"), (False, "fp32")])
def test_auto_precision_of_a_gpu_is_bfloat16_where_it_has_units(monkeypatch, units, expected):
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation: units or including_emulation
    )
    assert choose_compute("cuda", "auto").precision == expected
