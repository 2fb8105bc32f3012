"""Planted codes of direction: one for each patch, one for all, the ball's own token alone."""

import numpy as np
import pytest
import torch

from pez.encoders.family import Grid
from pez.inside.ablation.readings import FROZEN, RECENTRED
from pez.inside.patches.arrays import Half
from pez.inside.patches.kept import REGIONS, Kept
from pez.inside.patches.reading import (
    Probing,
    Transfer,
    read_apart,
    read_clips,
    read_regions,
    within_circle,
)
from pez.inside.patches.scores import (
    correlation,
    distance_classes,
    half_scores,
    pair_scores,
    patch_scores,
    weights_of,
)
from pez.inside.patches.track import HALVES, OPPOSITE, patches_of
from pez.recipes.splits import group_k_fold

GRID = Grid(2, 4, 4)
PATCHES, CLIPS, WIDTH = 16, 160, 24
CONDITIONS = np.arange(CLIPS) // 4
ANGLE = 2 * np.pi * (CONDITIONS % 8) / 8
TARGETS = np.stack([np.sin(ANGLE), np.cos(ANGLE)], axis=1)
ONCE = np.ones((1, CLIPS))
PROBING = Probing(
    targets=TARGETS,
    conditions=CONDITIONS,
    splits=group_k_fold(np.arange(CLIPS), CONDITIONS, 4, 0),
    alphas=(1e-2, 1.0, 1e2, 1e4),
    count=4,
    seed=0,
    device=torch.device("cpu"),
)


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(PATCHES, CLIPS, WIDTH))


def regions_of(patches: np.ndarray) -> torch.Tensor:
    """Means over the whole frame and its halves, as `Kept` makes them."""
    halves = [patches[patches_of(side, GRID)].mean(axis=0) for side in HALVES]
    return torch.from_numpy(np.stack([patches.mean(axis=0), *halves])).float()


def planted(own_code: bool) -> np.ndarray:
    """Direction in every patch [P, n, D]: under a rotation of its own, or under one for all."""
    random = np.random.default_rng(3)
    codes = random.normal(size=(PATCHES if own_code else 1, 2, WIDTH))
    return TARGETS @ np.broadcast_to(codes, (PATCHES, 2, WIDTH)) + 0.1 * noise()


def r2_of(patches: np.ndarray) -> np.ndarray:
    answers = read_apart([torch.from_numpy(patches).float()], PROBING)
    return patch_scores(TARGETS, answers[None], ONCE)[0, 0]


def transfers(found: list[Transfer]) -> dict[tuple[str, str, str], float]:
    return {
        (one.source, one.target, one.reading): half_scores(
            Half("tokens", one.source, one.target, one.reading, one.clips, one.answers[None]),
            TARGETS,
            ONCE,
        )[0, 0]
        for one in found
    }


def test_one_code_for_all_patches_transfers_as_well_as_it_is_read() -> None:
    patches = planted(own_code=False)
    pooled, halves = read_regions(regions_of(patches), PROBING)
    found = transfers(halves)
    for side in HALVES:
        within = found[side, side, FROZEN]
        assert within > 0.95
        assert found[side, OPPOSITE[side], FROZEN] == pytest.approx(within, abs=0.02)
    assert patch_scores(TARGETS, pooled[None, None], ONCE)[0, 0, 0] > 0.95


def test_a_code_for_each_patch_is_read_there_and_does_not_transfer() -> None:
    patches = planted(own_code=True)
    assert r2_of(patches).min() > 0.95
    _, halves = read_regions(regions_of(patches), PROBING)
    found = transfers(halves)
    for side in HALVES:
        assert found[side, side, FROZEN] > 0.95
    across = [found[side, OPPOSITE[side], FROZEN] for side in HALVES]
    assert np.mean(across) <= 0.1 and min(across) < 0
    assert np.mean([found[side, OPPOSITE[side], RECENTRED] for side in HALVES]) <= 0.1


def test_a_level_of_the_other_half_breaks_a_probe_and_not_the_recentred_one() -> None:
    patches = planted(own_code=False)
    patches[patches_of("right", GRID)] += 50.0
    found = transfers(read_regions(regions_of(patches), PROBING)[1])
    assert found["left", "right", FROZEN] < 0.5
    assert found["left", "right", RECENTRED] > 0.9


def visits() -> tuple[np.ndarray, np.ndarray]:
    """A ball that visits one patch a clip, and its token, the only one that knows the direction."""
    visited = np.random.default_rng(5).choice(4, CLIPS)  # of 16 patches four are ever visited
    random = np.random.default_rng(6)
    code = random.normal(size=(2, WIDTH))
    patches = 0.02 * noise()
    patches[visited, np.arange(CLIPS)] += TARGETS @ code
    return patches, visited


def test_where_only_the_ball_tells_patches_follow_its_visits_and_all_tokens_know() -> None:
    patches, visited = visits()
    scores = r2_of(patches)
    visits_of = np.bincount(visited, minlength=PATCHES) / CLIPS
    assert correlation(scores, visits_of) > 0.9
    ever = np.isin(np.arange(PATCHES), visited)
    assert scores[ever].min() > 0.1 and scores[~ever].max() < 0.05
    pooled, _ = read_regions(regions_of(patches), PROBING)
    assert patch_scores(TARGETS, pooled[None, None], ONCE)[0, 0, 0] > 0.9
    answers = read_apart([torch.from_numpy(patches).float()], PROBING)[None]
    distance = np.where(visited[:, None] == np.arange(PATCHES), 0.5, 5.0)
    near, far = pair_scores(TARGETS, answers, distance_classes(distance, (0, 2)), ONCE)[0, 0]
    assert near > 0.7 and far < 0.02


def test_where_every_patch_knows_it_is_read_away_from_the_ball() -> None:
    patches = planted(own_code=True)
    answers = read_apart([torch.from_numpy(patches).float()], PROBING)[None]
    distance = np.tile(np.arange(PATCHES, dtype=float), (CLIPS, 1))
    found = pair_scores(TARGETS, answers, distance_classes(distance, (0, 4, 8)), ONCE)
    assert found.shape == (1, 1, 3) and found.min() > 0.95


def test_that_the_ball_was_not_there_tells_nothing_by_itself() -> None:
    """A patch that only balls to the right reach, and a probe that knows this and no more."""
    right = TARGETS[:, 1] > 0.5
    mean = np.stack([TARGETS[right == here].mean(axis=0) for here in (False, True)])
    answers = mean[right.astype(int)][None, None]
    away = ~right[:, None, None]
    assert patch_scores(TARGETS, answers, ONCE)[0, 0, 0] > 0.2
    assert pair_scores(TARGETS, answers, away, ONCE)[0, 0, 0] == pytest.approx(0.0, abs=1e-9)


def test_clips_of_one_half_are_asked_about_by_equally_many_of_the_other() -> None:
    """Direction in one code on the left and in another on the right."""
    random = np.random.default_rng(7)
    left = np.arange(CLIPS) % 4 < 2
    sides = {"left": left, "right": ~left, "top": left, "bottom": ~left}
    codes = random.normal(size=(2, 2, WIDTH))
    both = np.where(left[:, None], TARGETS @ codes[0], TARGETS @ codes[1]) + 0.1 * noise()[0]
    one = TARGETS @ codes[0] + 0.1 * noise()[0]
    for features, agree in ((both, False), (one, True)):
        halves = list(read_clips(torch.from_numpy(features).float(), sides, PROBING))
        found = transfers(halves)
        assert {len(half.clips) for half in halves} == {CLIPS // 2}
        assert found["right", "right", FROZEN] > 0.9
        assert bool(found["left", "right", FROZEN] > 0.9) is agree
        assert found["left", "right", FROZEN] > 0.9 or found["left", "right", FROZEN] < 0.3


def test_halves_with_too_few_clips_are_left_out() -> None:
    nowhere = np.zeros(CLIPS, bool)
    left = np.arange(CLIPS) % 2 == 0
    sides = {"left": left, "right": ~left, "top": nowhere, "bottom": ~nowhere}
    halves = list(read_clips(torch.from_numpy(noise()[0]).float(), sides, PROBING))
    assert {half.target for half in halves} == {"left", "right"}


def test_answers_stay_within_the_unit_circle() -> None:
    answers = torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]], dtype=torch.float64)
    np.testing.assert_allclose(within_circle(answers), [[0.6, 0.8], [0.3, 0.4], [0, 0]])


def test_a_patch_that_the_ball_first_visits_when_it_is_asked_about_does_no_harm() -> None:
    patches = 1e-4 * noise()
    held_out = np.flatnonzero(PROBING.splits[0].held_out)[0]
    patches[0, held_out] += 10.0
    assert r2_of(patches).min() > -0.5


def test_small_differences_about_a_large_level_are_kept() -> None:
    random = np.random.default_rng(0)
    level = 100 * random.normal(size=(1, 1, PATCHES, WIDTH))
    change = 1e-3 * random.normal(size=(6, 1, PATCHES, WIDTH))
    tokens = torch.from_numpy(level + change).float().expand(-1, GRID.tubelets, -1, -1)
    states = [tokens.mean(dim=1)]
    kept = Kept(6, GRID)
    pixels = torch.zeros(6, PATCHES, 3)
    kept.take(slice(0, 4), ([states[0][:4]], pixels[:4]))
    kept.take(slice(4, 6), ([states[0][4:]], pixels[4:]))
    found = torch.cat(list(kept.patches(0, 8 * 6 * WIDTH * 5))).numpy()
    assert found.shape == (PATCHES, 6, WIDTH)
    expected = (change[:, 0] - change[:1, 0]).transpose(1, 0, 2)
    np.testing.assert_allclose(found, expected, atol=3e-5)  # of float32 at 100
    assert kept.regions(0).shape == (len(REGIONS), 6, WIDTH)


def test_draws_are_of_whole_conditions_and_the_value_comes_first() -> None:
    weights = weights_of(CONDITIONS, 50, 0)
    assert weights.shape == (51, CLIPS) and (weights[0] == 1).all()
    assert (weights.reshape(51, -1, 4).std(axis=2) == 0).all()
