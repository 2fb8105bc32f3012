"""Hook points: what is read is what was computed, and what is replaced is what goes on."""

import math

import pytest
import torch
from transformers import VJEPA2Model

from encoder_samples import ball_frames, encoder_spec, ready_encoder, telling_weights
from pez.encoders.hooks import HOOK_POINTS, HookPoint, run_with_hooks
from pez.encoders.preprocess import build_transform, preprocess
from pez.encoders.registry import family_names
from pez.pretraining.network import encoder_config

BLOCKS = 3
HEADS, HEAD = 3, 20


def spec_of(family):
    return encoder_spec(family=family, hidden_size=HEADS * HEAD, heads=HEADS, layers=BLOCKS)


@pytest.fixture(scope="module")
def pixels():
    return preprocess(torch.from_numpy(ball_frames(clips=2)), build_transform("resize", 64))


@pytest.fixture(scope="module", params=family_names())
def encoder(request):
    spec = spec_of(request.param)
    return ready_encoder(spec, telling_weights(spec))[0]


def read(encoder, pixels, replace=None):
    """The output and every value at every hook point of every block."""
    seen: dict[HookPoint, torch.Tensor] = {}
    functions = {}
    for block in range(len(encoder.layer)):
        for name in HOOK_POINTS:
            point = HookPoint(name, block)

            def function(value, point=point):
                seen[point] = value.clone()
                return (replace or {}).get(point)

            functions[point] = function
    with torch.inference_mode():
        return run_with_hooks(encoder, pixels, functions), seen


def test_looking_changes_nothing_not_even_rounding(encoder, pixels):
    with torch.inference_mode():
        plain = encoder(pixels)
    output, seen = read(encoder, pixels)
    assert torch.equal(output, plain)
    assert len(seen) == BLOCKS * len(HOOK_POINTS)


def test_looking_changes_nothing_in_bfloat16(pixels):
    spec = spec_of("vjepa2")
    encoder, compute = ready_encoder(spec, telling_weights(spec), "bf16")
    with compute.autocast(), torch.inference_mode():
        plain = encoder(pixels)
        output, seen = read(encoder, pixels)
    assert torch.equal(output, plain)
    assert seen[HookPoint("pattern", 1)].dtype == torch.float32
    assert seen[HookPoint("resid_post", 1)].dtype == torch.float32
    assert seen[HookPoint("q", 1)].dtype == torch.bfloat16


def test_the_residual_stream_adds_up(encoder, pixels):
    output, seen = read(encoder, pixels)
    for block in range(BLOCKS):
        pre, attention, mlp, post = (
            seen[HookPoint(name, block)]
            for name in ("resid_pre", "attn_out", "mlp_out", "resid_post")
        )
        torch.testing.assert_close(pre + attention + mlp, post, rtol=1e-5, atol=1e-5)
        assert attention.abs().max() > 0.05 and mlp.abs().max() > 0.01
        if block:
            assert torch.equal(pre, seen[HookPoint("resid_post", block - 1)])
    assert torch.equal(encoder.normalise(post), output)


def test_pattern_queries_keys_and_values_give_what_the_fast_path_gives(encoder, pixels):
    _, seen = read(encoder, pixels)
    for block in range(BLOCKS):
        query, key, value, pattern = (
            seen[HookPoint(name, block)] for name in ("rot_q", "rot_k", "v", "pattern")
        )
        tokens = pixels.shape[1] // 2 * 16
        assert query.shape == key.shape == value.shape == (2, tokens, HEADS, HEAD)
        assert pattern.shape == (2, HEADS, tokens, tokens)
        torch.testing.assert_close(pattern.sum(-1), torch.ones(2, HEADS, tokens))
        scores = torch.einsum("bqhd,bkhd->bhqk", query, key) / math.sqrt(HEAD)
        torch.testing.assert_close(torch.softmax(scores, -1), pattern, rtol=1e-5, atol=1e-5)
        attended = torch.einsum("bhqk,bkhd->bqhd", pattern, value).flatten(2)
        written = encoder.layer[block].attention.proj(attended)
        expected = seen[HookPoint("attn_out", block)]
        torch.testing.assert_close(written, expected, rtol=1e-5, atol=1e-5)
        activated = torch.nn.functional.gelu(seen[HookPoint("mlp_pre", block)])
        assert torch.equal(activated, seen[HookPoint("mlp_post", block)])
        assert pattern.max() > 5 / tokens  # peaked, so that positions and heads matter


def test_rotation_turns_queries_and_keys_only_where_the_family_has_one(encoder, pixels):
    _, seen = read(encoder, pixels)
    for plain, rotated in (("q", "rot_q"), ("k", "rot_k")):
        same = torch.equal(seen[HookPoint(plain, 1)], seen[HookPoint(rotated, 1)])
        assert same is (encoder.layer[1].attention.rotate is None)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_stream_of_another_clip_gives_what_follows_of_that_clip(encoder, pixels, block):
    first, second = pixels[:1], pixels[1:]
    expected, of_second = read(encoder, second)
    point = HookPoint("resid_post", block)
    output, seen = read(encoder, first, {point: of_second[point]})
    assert torch.equal(output, expected)
    for later in range(block + 1, BLOCKS):
        for name in HOOK_POINTS:
            assert torch.equal(seen[HookPoint(name, later)], of_second[HookPoint(name, later)])
    assert not torch.equal(seen[HookPoint("resid_post", 0)], of_second[HookPoint("resid_post", 0)])


@pytest.mark.parametrize("name", HOOK_POINTS)
def test_every_hook_point_can_be_replaced(encoder, pixels, name):
    """By the other clip's value: it takes effect, in this block and only from there on."""
    first, second = pixels[:1], pixels[1:]
    (plain, before), (_, other) = read(encoder, first), read(encoder, second)
    point = HookPoint(name, 1)
    output, after = read(encoder, first, {point: other[point]})
    assert not torch.equal(output, plain)
    assert torch.equal(after[HookPoint("resid_post", 0)], before[HookPoint("resid_post", 0)])
    assert not torch.equal(after[HookPoint("resid_pre", 2)], before[HookPoint("resid_pre", 2)])


def test_a_replaced_pattern_is_what_attention_uses(encoder, pixels):
    """Uniform attention writes the mean of the values, the same for every token."""
    seen = []
    uniform = torch.full((2, HEADS, 64, 64), 1 / 64)
    hooks = {
        HookPoint("v", 0): seen.append,
        HookPoint("pattern", 0): lambda _: uniform,
        HookPoint("attn_out", 0): seen.append,
    }
    with torch.inference_mode():
        run_with_hooks(encoder, pixels, hooks)
        values, written = seen
        expected = encoder.layer[0].attention.proj(values.flatten(2).mean(1, keepdim=True))
    torch.testing.assert_close(written, expected.expand_as(written), rtol=1e-5, atol=1e-5)


def test_points_equal_those_of_transformers_in_vjepa2(pixels):
    spec = spec_of("vjepa2")
    weights = telling_weights(spec)
    config = encoder_config(spec)
    config._attn_implementation = "eager"
    stock = VJEPA2Model(config).eval()
    stock.encoder.load_state_dict(weights)
    expected: dict[str, torch.Tensor] = {}
    block = stock.encoder.layer[1]

    def keep(name, part):
        return lambda _, args, output: expected.update(
            {name: (args, output)[part][0] if part == 0 or isinstance(output, tuple) else output}
        )

    block.register_forward_hook(keep("resid_pre", 0))
    block.register_forward_hook(keep("resid_post", 1))
    block.attention.register_forward_hook(keep("attn_out", 1))
    block.attention.register_forward_hook(lambda _, __, output: expected.update(pattern=output[1]))
    block.mlp.register_forward_hook(keep("mlp_out", 1))
    block.mlp.fc1.register_forward_hook(keep("mlp_pre", 1))
    block.mlp.fc2.register_forward_hook(keep("mlp_post", 0))
    for name in ("query", "key", "value"):
        getattr(block.attention, name).register_forward_hook(keep(name[0], 1))
    with torch.inference_mode():
        stock(pixels, skip_predictor=True)
    _, seen = read(ready_encoder(spec, weights)[0], pixels)
    assert len(expected) == 10
    for name, value in expected.items():
        found = seen[HookPoint(name, 1)]
        torch.testing.assert_close(found.reshape(value.shape), value, rtol=1e-5, atol=2e-5)


def test_mistakes_are_named(encoder, pixels):
    with pytest.raises(
        ValueError, match="no hook point 'resid_mid' of block 0: the names are resid"
    ):
        run_with_hooks(encoder, pixels, {HookPoint("resid_mid", 0): lambda _: None})
    with pytest.raises(ValueError, match=r"block 3: .* the blocks 0 to 2"):
        run_with_hooks(encoder, pixels, {HookPoint("q", BLOCKS): lambda _: None})
    with pytest.raises(ValueError, match=r"mlp_out of block 1 .* shape .*\[2, 60\].* has to be"):
        run_with_hooks(encoder, pixels, {HookPoint("mlp_out", 1): lambda value: value[:, 0]})
    with pytest.raises(ValueError, match=r"q of block 1 .* dtype torch.float64"):
        run_with_hooks(encoder, pixels, {HookPoint("q", 1): lambda value: value.double()})
