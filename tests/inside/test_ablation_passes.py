"""Attention with keys taken away, and the passes that use it."""

import pytest
import torch

from encoder_samples import ball_frames, encoder_spec, ready_encoder, telling_weights
from pez.encoders.attention import attention_pattern
from pez.encoders.preprocess import build_transform, preprocess
from pez.encoders.registry import find_family
from pez.encoders.residual_stream import capture_streams
from pez.inside.ablation import attend
from pez.inside.ablation.attend import MassMatched, masked_attention
from pez.inside.ablation.passes import run_passes
from pez.inside.ablation.readings import WHOLE
from pez.inside.ablation.spec import WindowSpec
from pez.inside.ablation.windows import keys_within

CPU = torch.device("cpu")


def heads(tokens: int = 12, seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(2, 3, tokens, 5, generator=generator) for _ in range(3)]


def some_keys(tokens: int = 12) -> torch.Tensor:
    return torch.rand(tokens, tokens, generator=torch.Generator().manual_seed(4)) < 0.6


def test_masked_attention_is_the_softmax_over_what_is_left() -> None:
    query, key, value = heads()
    removed = some_keys()
    removed[0] = False
    scores = query @ key.transpose(-1, -2) * 0.3
    weights = scores.masked_fill(removed, -torch.inf).softmax(dim=-1)
    found = masked_attention(removed, "zero", CPU)(query, key, value, 0.3)
    torch.testing.assert_close(found, (weights @ value).transpose(1, 2))


def test_with_nothing_removed_it_is_plain_attention() -> None:
    query, key, value = heads()
    found = masked_attention(torch.zeros(12, 12, dtype=torch.bool), "zero", CPU)
    plain = attention_pattern(query, key, 0.3) @ value
    torch.testing.assert_close(found(query, key, value, 0.3), plain.transpose(1, 2))


def test_a_removed_key_cannot_change_the_output() -> None:
    query, key, value = heads()
    removed = some_keys()
    removed[:, 5] = True
    attend = masked_attention(removed, "zero", CPU)
    before = attend(query, key, value, 0.3)
    key[:, :, 5], value[:, :, 5] = 100.0, -100.0
    torch.testing.assert_close(attend(query, key, value, 0.3), before, rtol=0, atol=0)


@pytest.mark.parametrize("empty", ["zero", "self", "uniform"])
def test_a_query_without_any_key(empty: str) -> None:
    query, key, value = heads()
    removed = some_keys()
    removed[3] = True
    found = masked_attention(removed, empty, CPU)(query, key, value, 0.3)
    own = {"zero": 0 * value[:, :, 3], "self": value[:, :, 3], "uniform": value.mean(dim=2)}
    torch.testing.assert_close(found[:, 3], own[empty])
    assert torch.isfinite(found).all()


@pytest.fixture(scope="module")
def world():
    spec = encoder_spec()
    encoder, _ = ready_encoder(spec, telling_weights(spec), "fp32")
    frames = torch.from_numpy(ball_frames(clips=2, size=spec.input_size))
    pixels = preprocess(frames, build_transform("resize", spec.input_size))
    grid = find_family(spec.family).grid(spec, frames.shape[1])
    return encoder, pixels, grid


def test_the_pass_with_nothing_taken_is_the_plain_forward(world) -> None:
    encoder, pixels, grid = world
    tokens = grid.tubelets * grid.rows * grid.columns
    nothing = masked_attention(torch.zeros(tokens, tokens, dtype=torch.bool), "zero", CPU)
    layers = len(encoder.layer)
    with torch.inference_mode():
        found = run_passes(encoder, pixels, {"nothing": {0: nothing}}, [1, layers], grid)
    plain = capture_streams(encoder, pixels, lambda _, stream: stream.clone())
    for state in (1, layers):
        for name in (WHOLE, "nothing"):
            torch.testing.assert_close(found[name][state].mean, plain[state].mean(dim=1))
        patches = plain[state].unflatten(1, (grid.tubelets, -1)).mean(dim=1)
        torch.testing.assert_close(found[WHOLE][state].patches, patches)


def test_only_the_masked_blocks_attend_otherwise_and_only_meanwhile(world) -> None:
    encoder, pixels, grid = world
    own = [block.attention.attend for block in encoder.blocks()]
    everything = masked_attention(
        ~torch.eye(len(keys_within(WindowSpec(spatial=0), grid))).bool(), "self", CPU
    )
    with torch.inference_mode():
        passes = {"late": {1: everything}, "early": {0: everything}}
        found = run_passes(encoder, pixels, passes, [2], grid)
        early, late, whole = (found[name][2].mean for name in ("early", "late", WHOLE))
    assert not torch.allclose(early, whole) and not torch.allclose(late, early)
    assert [block.attention.attend for block in encoder.blocks()] == own
    with torch.inference_mode():
        tokens = encoder.blocks()[0](encoder.embed(pixels))
        block = encoder.blocks()[1]
        block.attention.attend = everything
        expected = block(tokens)
        block.attention.attend = own[1]
    torch.testing.assert_close(late, expected.mean(dim=1))


def mass_matched(near: torch.Tensor, empty: str = "zero", seed: int = 0) -> MassMatched:
    draws = torch.rand(near.shape, generator=torch.Generator().manual_seed(seed))
    return MassMatched(near, draws, empty)


def test_random_keys_hold_as_much_attention_as_the_near_ones() -> None:
    """By head and query: over many draws, what is taken holds the near keys' mass on average."""
    query, key, _ = heads()
    near = some_keys()
    weights = attention_pattern(query, key, 0.3)
    mass = (weights * near).sum(dim=-1)
    # with values that are one at one key and nothing else, the output is the weights that are left
    unit = torch.eye(12).expand(2, 3, 12, 12)
    draws, lost = 4000, torch.zeros(2, 3, 12)
    for seed in range(draws):
        left = mass_matched(near, seed=seed)(query, key, unit, 0.3).transpose(1, 2) > 0
        lost += (weights * ~left).sum(dim=-1)
    torch.testing.assert_close(lost / draws, mass, rtol=0, atol=0.02)


@pytest.mark.parametrize("empty", ["zero", "self", "uniform"])
def test_attention_to_what_random_keys_leave(empty: str) -> None:
    """Head by head the softmax over the keys that are left; none are where all are near."""
    query, key, value = heads()
    near = some_keys()
    near[3] = True
    without = mass_matched(near, empty)
    found = without(query, key, value, 0.3)
    weights = attention_pattern(query, key, 0.3)
    taken = without.draws < (weights * near).sum(dim=-1, keepdim=True)
    assert taken[:, :, 3].all()
    left = weights.masked_fill(taken, 0)
    expected = (left / left.sum(dim=-1, keepdim=True)) @ value
    own = {"zero": 0 * value[:, :, 3], "self": value[:, :, 3], "uniform": value.mean(dim=2)}
    expected[:, :, 3] = own[empty]
    torch.testing.assert_close(found, expected.transpose(1, 2))
    removed, keyless = taken.float().mean().item(), taken.all(dim=-1).float().mean().item()
    assert without.shares() == pytest.approx({"removed": removed, "empty": keyless})


def test_parts_of_the_queries_attend_as_all_together(monkeypatch) -> None:
    query, key, value = heads()
    together = mass_matched(some_keys())(query, key, value, 0.3)
    monkeypatch.setattr(attend, "_MOST_SCORES", 2 * 3 * 12 * 5)
    torch.testing.assert_close(mass_matched(some_keys())(query, key, value, 0.3), together)


def test_shares_of_a_mask() -> None:
    removed = some_keys()
    removed[3] = True
    shares = masked_attention(removed, "zero", CPU).shares()
    assert shares == pytest.approx({"removed": removed.float().mean().item(), "empty": 1 / 12})
