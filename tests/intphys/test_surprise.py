"""Surprise: its shape with a random predictor, its sign in a world whose rule is known."""

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import VJEPA2Config, VJEPA2Model

from pez.intphys.surprise import movie_scores, of_model, surprise

SIZE, FRAMES = 32, 22


@pytest.fixture(scope="module")
def model() -> VJEPA2Model:
    torch.manual_seed(0)
    config = VJEPA2Config(
        crop_size=SIZE, hidden_size=24, num_hidden_layers=2, num_attention_heads=2,
        pred_hidden_size=24, pred_num_attention_heads=2, pred_num_hidden_layers=2,
    )  # fmt: skip
    model = VJEPA2Model(config).eval()
    with torch.no_grad():
        model.predictor.embeddings.mask_tokens.normal_()
    return model


def test_shape_with_a_random_predictor(model: VJEPA2Model) -> None:
    losses = surprise(*of_model(model, model.encoder), torch.randn(FRAMES, 3, SIZE, SIZE))
    assert losses.shape == (5, 4)  # contexts; windows at frames 0, 2, 4, 6
    assert np.isfinite(losses).all() and (losses > 0).all()
    assert movie_scores(losses).shape == (5,)


def test_the_context_is_blind_to_what_follows_it(model: VJEPA2Model) -> None:
    """The same beginning and another ending: the same predictions."""
    parts = of_model(model, model.encoder)
    movie = torch.randn(16, 3, SIZE, SIZE)
    other = movie.clone()
    other[8:] = torch.randn(8, 3, SIZE, SIZE)
    seen = []

    def recorded(context: Tensor, tokens: int) -> Tensor:
        seen.append(parts[2](context, tokens))
        return seen[-1]

    for pixels in (movie, other):
        surprise(parts[0], parts[1], recorded, pixels, contexts=[8])
    torch.testing.assert_close(seen[0], seen[1])


def test_the_first_mask_token_is_used(model: VJEPA2Model) -> None:
    parts = of_model(model, model.encoder)
    movie = torch.randn(16, 3, SIZE, SIZE)
    before = surprise(*parts, movie, contexts=[4])
    with torch.no_grad():
        model.predictor.embeddings.mask_tokens[1:].normal_()
    assert np.array_equal(surprise(*parts, movie, contexts=[4]), before)
    with torch.no_grad():
        model.predictor.embeddings.mask_tokens[0].normal_()
    assert not np.array_equal(surprise(*parts, movie, contexts=[4]), before)


def test_an_impossible_movie_surprises_more_where_things_are_known_to_stay() -> None:
    """A world in which nothing changes; the predictor knows that, and one movie breaks the rule."""

    def encode(pixels: Tensor) -> Tensor:
        patches = pixels.unflatten(1, (-1, 2)).mean(dim=2).flatten(3)  # [B, T', 3, S * S]
        return patches.mean(dim=2)[..., ::64]  # one token a tubelet

    def stays(context: Tensor, tokens: int) -> Tensor:
        last = torch.nn.functional.layer_norm(context[:, -1:], context.shape[-1:])
        return last.expand(-1, tokens - context.shape[1], -1)

    possible = torch.randn(1, 3, SIZE, SIZE).expand(FRAMES, -1, -1, -1)
    impossible = possible.clone()
    impossible[12:] = torch.randn(3, SIZE, SIZE)
    expected, broken = (
        movie_scores(surprise(encode, encode, stays, movie)) for movie in (possible, impossible)
    )
    np.testing.assert_allclose(expected, 0, atol=1e-6)
    assert (broken < expected - 0.1).all()


def test_short_movies_and_odd_contexts_are_refused() -> None:
    with pytest.raises(ValueError, match="15 frames"):
        surprise(*[lambda *_: torch.zeros(0)] * 3, torch.zeros(15, 3, SIZE, SIZE))
    with pytest.raises(ValueError, match=r"contexts \[3, 16\]"):
        surprise(*[lambda *_: torch.zeros(0)] * 3, torch.zeros(16, 3, 8, 8), contexts=[3, 4, 16])
