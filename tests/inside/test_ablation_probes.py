"""Probes of changed features: what each reading tells apart."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from pez.inside.ablation.probes import Fold, read_changed
from pez.inside.ablation.readings import FROZEN, RECENTRED, REFIT
from pez.recipes.splits import group_k_fold

ALPHAS = (1e-2, 1.0, 1e2)
CLIPS, WIDTH = 90, 6


def folds(count: int = 3) -> list[Fold]:
    groups = np.arange(CLIPS) // 3
    outer = group_k_fold(np.arange(CLIPS), groups, count, 0)
    return [
        Fold(one, group_k_fold(np.flatnonzero(one.train), groups, count, 0)[0]) for one in outer
    ]


@pytest.fixture
def planted() -> tuple[torch.Tensor, np.ndarray]:
    """A target in the first feature of the first probe, and nowhere in the second."""
    random = np.random.default_rng(0)
    targets = random.normal(size=(CLIPS, 1))
    features = random.normal(size=(2, CLIPS, WIDTH)).astype(np.float32)
    features[0, :, 0] += 3 * targets[:, 0]
    return torch.from_numpy(features), targets


def r2(found: np.ndarray, targets: np.ndarray) -> np.ndarray:
    errors = ((found - targets) ** 2).sum(axis=(1, 2))
    return 1 - errors / ((targets - targets.mean(axis=0)) ** 2).sum()


def test_nothing_changed_reads_alike_in_all_ways(planted) -> None:
    features, targets = planted
    found = read_changed(features, {"same": features}, targets, folds(), ALPHAS)["same"]
    for reading in (RECENTRED, REFIT):
        np.testing.assert_allclose(found[reading], found[FROZEN], atol=1e-10)
    scores = r2(found[FROZEN], targets)
    assert scores[0] > 0.8 and scores[1] < 0.1


def test_a_shift_breaks_the_frozen_probe_alone(planted) -> None:
    features, targets = planted
    found = read_changed(features, {"moved": 2 * features + 5}, targets, folds(), ALPHAS)["moved"]
    assert r2(found[FROZEN], targets)[0] < 0
    for reading in (RECENTRED, REFIT):
        assert r2(found[reading], targets)[0] > 0.8


def test_what_moved_to_another_place_is_found_by_fitting_again(planted) -> None:
    features, targets = planted
    moved = features.flip(-1)
    found = read_changed(features, {"moved": moved}, targets, folds(), ALPHAS)["moved"]
    assert r2(found[RECENTRED], targets)[0] < 0.1 and r2(found[REFIT], targets)[0] > 0.8


def test_what_is_gone_is_not_read_by_any(planted) -> None:
    features, targets = planted
    gone = features.clone()
    gone[0, :, 0] = torch.from_numpy(np.random.default_rng(5).normal(size=CLIPS))
    found = read_changed(features, {"gone": gone}, targets, folds(), ALPHAS)["gone"]
    assert all(r2(found[reading], targets)[0] < 0.1 for reading in found)


def test_fits_are_those_of_scikit_learn(planted) -> None:
    features, targets = planted
    (alpha,) = alphas = (3.0,)
    changed = features + 0.1
    found = read_changed(features, {"changed": changed}, targets, folds(), alphas)["changed"]
    for fold in folds():
        train, held_out = fold.outer.train, fold.outer.held_out
        for number in range(2):
            rows = features[number].double().numpy()
            mean, scale = rows[train].mean(axis=0), rows[train].std(axis=0)
            ridge = Ridge(alpha=alpha).fit((rows[train] - mean) / scale, targets[train])
            other = (changed[number].double().numpy()[held_out] - mean) / scale
            np.testing.assert_allclose(
                found[FROZEN][number, held_out, 0], ridge.predict(other).ravel(), atol=1e-8
            )


def test_features_that_do_not_vary_tell_nothing(planted) -> None:
    features, targets = planted
    still = features.clone()
    still[:, :, 1] = 4.0
    found = read_changed(still, {"same": still + 1e-7}, targets, folds(), ALPHAS)["same"]
    assert all(np.isfinite(values).all() for values in found.values())
    assert r2(found[FROZEN], targets)[0] > 0.8
