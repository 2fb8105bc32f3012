"""Surprise by construction: ties, splices, predictors whose errors are known."""

import numpy as np
import pytest
import torch
from torch import Tensor

from inside.prediction_samples import (
    CHANGE,
    FRAMES,
    ORDER,
    SPEC,
    STATES,
    frozen,
    pixels,
    predictors_spec,
    scene_movies,
)
from pez.encoders.residual_stream import capture_streams
from pez.inside.prediction.frozen import Frozen, normalised
from pez.inside.prediction.losses import Key, Predict, repeated, token_errors
from pez.inside.prediction.names import (
    ALL,
    DIFFERING,
    LAST,
    MEAN,
    NO_CHANGE,
    SAME,
    TRAINED,
    predicted,
    states_at,
)
from pez.inside.prediction.predictor import new_predictor, predictor_rotary
from pez.inside.prediction.surprise import differing, movie_surprise, partners
from pez.inside.prediction.train import Which
from pez.inside.prediction.windows import Windows, cut_windows, window_starts
from pez.intphys.surprise import surprise
from pez.runtime.errors import ConfigError

STRIDE, CONTEXTS = 4, (4, 8)
PAIRS = (0, 0, 1, 1)  # of ORDER


@pytest.fixture(scope="module")
def encoder() -> Frozen:
    return frozen()


@pytest.fixture(scope="module")
def predict(encoder: Frozen) -> dict[Which, Predict]:
    """Fresh predictors, which are as good as any to be held against what is known of all."""
    spec = predictors_spec()
    rotary = predictor_rotary(spec.shape, SPEC, encoder.compute)

    def function(which: Which) -> Predict:
        predictor = new_predictor(spec.shape, SPEC, seed=len(which[0]) + which[1])
        return lambda context, tokens: predictor(context, tokens, rotary)

    return {which: function(which) for which in predicted(STATES)}


@pytest.fixture(scope="module")
def means() -> dict[int, Tensor]:
    return {state: torch.full((SPEC.hidden_size,), 0.1 * state) for state in STATES}


@pytest.fixture(scope="module")
def windows() -> Windows:
    return cut_windows(np.stack(list(scene_movies().values())), 1, STRIDE)


@pytest.fixture(scope="module")
def errors(encoder, predict, means, windows) -> dict[Key, np.ndarray]:
    with torch.inference_mode():
        found = token_errors(encoder, predict, means, pixels(windows.frames), CONTEXTS)
    return {key: value.numpy() for key, value in found.items()}


@pytest.fixture(scope="module")
def differ(windows) -> np.ndarray:
    return differing(windows, partners(PAIRS), pixels(windows.frames), SPEC.patch_size)


def test_states_are_those_of_the_residual_stream(encoder: Frozen, windows: Windows) -> None:
    shown = pixels(windows.frames[:2])
    streams = capture_streams(encoder.encoder, shown, lambda _, tokens: tokens)
    for state, found in encoder.states(shown, STATES).items():
        torch.testing.assert_close(found, normalised(streams[state]), atol=1e-5, rtol=1e-5)


def test_states_by_depth_name_each_once() -> None:
    assert states_at((0, 0.333, 0.667, 1), 12) == [0, 4, 8, 12]
    assert states_at((0, 0.333, 0.667, 1), 24) == [0, 8, 16, 24]
    assert states_at((0, 0.333, 0.667, 1), 1) == [0, 1]
    assert predicted([0, 4, 8]) == [(SAME, 0), (SAME, 4), (SAME, 8), (LAST, 0), (LAST, 4)]


def test_windows_that_movies_share_are_one(windows: Windows) -> None:
    starts = window_starts(FRAMES, 1, STRIDE)
    assert starts == [0, 4, 8] and windows.of.shape == (len(ORDER), 3)
    movies = np.stack(list(scene_movies().values()))
    for movie, of in enumerate(windows.of):
        for start, number in zip(starts, of, strict=True):
            assert np.array_equal(windows.frames[number], movies[movie, start : start + 16])
    assert len(windows.frames) == len({frames.tobytes() for frames in windows.frames})
    same = cut_windows(np.stack([movies[0], movies[0]]), 1, STRIDE)
    assert np.array_equal(same.of[0], same.of[1])
    stepped = cut_windows(np.repeat(movies[:1], 2, axis=1), 2, STRIDE)
    assert np.array_equal(stepped.frames, same.frames)


def test_movies_without_a_window_are_refused() -> None:
    with pytest.raises(ConfigError, match="frame_step = 2 leaves 12 of the 24 frames"):
        window_starts(24, 2, 1)


def test_a_predictor_that_returns_the_target_is_never_surprised(encoder, means, windows) -> None:
    shown = pixels(windows.frames)
    targets = encoder.states(shown, STATES)

    def knows(which: Which) -> Predict:
        target = targets[which[1] if which[0] == SAME else STATES[-1]]
        return lambda context, tokens: target[:, context.shape[1] :]

    knowing = {which: knows(which) for which in predicted(STATES)}
    found = token_errors(encoder, knowing, means, shown, CONTEXTS)
    trained = [error for key, error in found.items() if key.predictor == TRAINED]
    assert len(trained) == 2 * len(STATES) * len(CONTEXTS)
    assert all((error == 0).all() for error in trained)


def test_nothing_changing_and_the_mean_have_the_errors_of_the_hand(encoder, windows, errors, means):
    shown = pixels(windows.frames[:1])
    whole = [normalised(one) for one in capture_streams(encoder.encoder, shown, lambda _, t: t)]
    alone = [
        normalised(one) for one in capture_streams(encoder.encoder, shown[:, :4], lambda _, t: t)
    ]
    for state in STATES:
        target = whole[state][0].unflatten(0, (8, 16))
        last = alone[state][0].unflatten(0, (2, 16))[1]
        by_hand = torch.stack([(last - target[tubelet]).abs().mean(-1) for tubelet in range(2, 8)])
        found = errors[Key(NO_CHANGE, SAME, state, 4)][0]
        np.testing.assert_allclose(found, by_hand.flatten(), rtol=1e-4, atol=1e-5)
        level = (target[2:] - means[state]).abs().mean(-1).flatten()
        np.testing.assert_allclose(errors[Key(MEAN, SAME, state, 4)][0], level, rtol=1e-4)
    still = shown[:, :2].repeat(1, 8, 1, 1, 1)
    first = encoder.states(still, [0])[0]
    assert torch.equal(repeated(first[:, :32], 128), first[:, 32:])


def test_errors_are_those_of_the_published_recipe(encoder, predict, windows, errors) -> None:
    """From the last state: `pez.intphys.surprise` with the same three parts."""

    def last(shown: Tensor) -> Tensor:
        return capture_streams(encoder.encoder, shown, lambda _, tokens: tokens)[-1]

    for number in (0, len(windows.frames) - 1):
        expected = surprise(
            lambda shown: normalised(last(shown)),
            last,
            predict[SAME, STATES[-1]],
            pixels(windows.frames[number]),
            CONTEXTS,
        )
        for place, context in enumerate(CONTEXTS):
            for reading in (SAME, LAST):
                key = Key(TRAINED, reading, STATES[-1], context)
                assert errors[key][number].mean() == pytest.approx(expected[place, 0], rel=1e-4)


def test_pairs_are_equal_before_they_part_and_then_differ(windows, errors, differ) -> None:
    """A stride of one: windows that end before the breakpoint, at it, and after it."""
    assert partners(PAIRS) == [1, 0, 3, 2]
    fine = cut_windows(np.stack(list(scene_movies().values())), 1, 1)
    parting = CHANGE + 1  # both movies show the floor alone at CHANGE
    for movie, partner in enumerate(partners(PAIRS)):
        for start in range(fine.of.shape[1]):
            same = fine.of[movie, start] == fine.of[partner, start]
            assert same == (start + 16 <= parting)
    # tokens are equal up to the tubelet of the parting frame, and differ in some from there on
    by_tubelet = differ.reshape(*differ.shape[:2], 8, 16).any(axis=3)
    for place, start in enumerate(window_starts(FRAMES, 1, STRIDE)):
        parted = start + 2 * np.arange(8) + 1 >= parting
        assert np.array_equal(by_tubelet[:, place], np.tile(parted, (4, 1)))


def test_surprise_is_the_mean_of_errors_over_the_tokens_asked_for(windows, errors, differ) -> None:
    found = {(key, tokens): value for key, tokens, value in movie_surprise(errors, windows, differ)}
    assert len(found) == 2 * len(errors)
    key = Key(TRAINED, LAST, 1, 8)
    movie = 2
    parts = [errors[key][window].astype(float) for window in windows.of[movie]]
    assert found[key, ALL][movie] == pytest.approx(np.mean(parts))
    picked = np.concatenate(
        [part[mask[64:]] for part, mask in zip(parts, differ[movie], strict=True)]
    )
    assert 0 < len(picked) < np.size(parts)
    assert found[key, DIFFERING][movie] == pytest.approx(picked.mean())


def test_identical_movies_tie_and_have_no_token_that_differs(encoder, predict, means) -> None:
    movie = scene_movies()["A"]
    windows = cut_windows(np.stack([movie, movie]), 1, STRIDE)
    shown = pixels(windows.frames)
    found = token_errors(encoder, predict, means, shown, CONTEXTS)
    errors = {key: error.detach().numpy() for key, error in found.items()}
    differ = differing(windows, partners((0, 0)), shown, SPEC.patch_size)
    assert not differ.any()
    for _, tokens, values in movie_surprise(errors, windows, differ):
        assert values[0] == values[1]
        assert (values == 0).all() == (tokens == DIFFERING)
