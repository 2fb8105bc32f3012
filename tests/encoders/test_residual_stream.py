"""The captured streams are what transformers' own modules receive and return."""

import itertools

import pytest
import torch
from transformers import VJEPA2Model

from encoder_samples import ball_frames, encoder_spec, ready_encoder, telling_weights
from pez.encoders.preprocess import build_transform, preprocess
from pez.encoders.residual_stream import capture_streams
from pez.pretraining.network import encoder_config

SPEC = encoder_spec(hidden_size=60, heads=3)  # head size 20: the rotary split leaves two channels


@pytest.fixture(scope="module")
def pixels():
    frames = torch.from_numpy(ball_frames())
    return preprocess(frames, build_transform("resize", SPEC.input_size))


@pytest.fixture(scope="module")
def weights():
    return telling_weights(SPEC)


@pytest.fixture(scope="module")
def stock_model(weights):
    """transformers' own model, built and run without any code of this project."""
    model = VJEPA2Model(encoder_config(SPEC)).eval()
    model.encoder.load_state_dict(weights)
    return model


@pytest.fixture(scope="module")
def streams(weights, pixels):
    encoder, _ = ready_encoder(SPEC, weights)
    return capture_streams(encoder, pixels, lambda _, tokens: tokens.clone())


def test_streams_equal_hooks_on_the_real_modules(streams, stock_model, pixels):
    seen: dict[str, torch.Tensor] = {}
    modules = {
        "embedding": stock_model.encoder.embeddings,
        "attention 1": stock_model.encoder.layer[1].norm1,
        "last mlp": stock_model.encoder.layer[-1].mlp,
        "middle of last": stock_model.encoder.layer[-1].norm2,
    }
    for name, module in modules.items():

        def keep(module, args, output, name=name):
            seen[name] = output if name in ("embedding", "last mlp") else args[0]

        module.register_forward_hook(keep)
    with torch.inference_mode():
        stock_model(pixels, skip_predictor=True)
    assert len(streams) == SPEC.layers + 1
    torch.testing.assert_close(streams[0], seen["embedding"], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(streams[1], seen["attention 1"], rtol=1e-5, atol=1e-5)
    last = seen["middle of last"] + seen["last mlp"]
    torch.testing.assert_close(streams[-1], last, rtol=1e-5, atol=1e-5)


def test_no_stream_has_passed_the_final_layer_norm(streams, stock_model, pixels):
    with torch.inference_mode():
        output = stock_model(pixels, skip_predictor=True, output_hidden_states=True)
        normalised = stock_model.encoder.layernorm(streams[-1])
    torch.testing.assert_close(normalised, output.last_hidden_state, rtol=1e-5, atol=1e-5)
    for stream in streams:
        assert (stream - output.last_hidden_state).abs().max() > 0.1
    # The trap: transformers 4.x returned `last_hidden_state` here as the last of L + 1 entries.
    torch.testing.assert_close(streams[-1], output.hidden_states[-1], rtol=1e-5, atol=1e-5)


def test_streams_differ_from_one_another(streams):
    for before, after in itertools.pairwise(streams):
        assert (after - before).abs().max() > 0.05


def test_each_stream_is_reduced_before_the_next_exists(weights, pixels):
    encoder, _ = ready_encoder(SPEC, weights)
    events: list[str] = []
    for index, block in enumerate(encoder.layer):
        block.mlp.register_forward_pre_hook(lambda *_, index=index: events.append(f"block {index}"))
    result = capture_streams(encoder, pixels, lambda stream, _: events.append(f"stream {stream}"))
    assert events == [
        "stream 0",
        "block 0",
        "stream 1",
        "block 1",
        "stream 2",
        "block 2",
        "stream 3",
    ]
    assert result == [None] * (SPEC.layers + 1)


def test_an_error_leaves_nothing_behind(weights, pixels, streams):
    encoder, _ = ready_encoder(SPEC, weights)

    def fail(stream: int, _: torch.Tensor) -> None:
        if stream == 1:
            raise MemoryError

    with pytest.raises(MemoryError):
        capture_streams(encoder, pixels, fail)
    again = capture_streams(encoder, pixels, lambda _, tokens: tokens.clone())
    assert all(torch.equal(one, other) for one, other in zip(streams, again, strict=True))
    assert not any(module._forward_hooks for module in encoder.modules())


def test_residual_stream_is_float32_under_autocast(weights, pixels):
    encoder, compute = ready_encoder(SPEC, weights, "bf16")
    with compute.autocast():
        dtypes = capture_streams(encoder, pixels, lambda _, tokens: tokens.dtype)
    assert set(dtypes) == {torch.float32}
    # The trap: left alone, autocast keeps the whole stream in bfloat16, which is refused.
    embed = encoder.embed
    encoder.embed = lambda pixels: embed(pixels).to(torch.bfloat16)
    with compute.autocast(), pytest.raises(RuntimeError, match="bfloat16 and not float32"):
        capture_streams(encoder, pixels, lambda _, tokens: None)
