"""How often the tests over folds say yes when nothing is there, and when something is."""

import itertools

import numpy as np
import pytest

from pez.emergence.foldtests import ALPHA, MIN_FOLDS, FoldTest, best_over, layers_above, paired

PAPER = np.r_[0.22, np.full(7, 0.585), 0.93, np.full(15, 0.925)]
RUNS = 300
# Five folds can reach 1 / 32 only; the rest of the way to ALPHA is free.
NULLS = list(itertools.product((6, 12, 24), (3, 5, 10), (0.0, 0.5, 0.9, 0.99), (0.0, 1.0)))


def noise(
    random: np.random.Generator, layers: int, folds: int, correlation: float, fold_effect: float
) -> np.ndarray:
    """Flat curves, float [layers, folds]: layers correlated within a fold, folds more or less hard.

    Neighbours are more alike than distant layers: half of the correlation is common to all layers,
    half decays with their distance.
    """
    common = random.normal(size=(1, folds))
    own = random.normal(size=(layers, folds))
    for layer in range(1, layers):
        own[layer] = correlation * own[layer - 1] + np.sqrt(1 - correlation**2) * own[layer]
    curves = np.sqrt(correlation / 2) * common + np.sqrt(1 - correlation / 2) * own
    return 0.5 + 0.05 * curves + 0.2 * fold_effect * random.normal(size=(1, folds))


def allowed(runs: int, rate: float = ALPHA) -> float:
    """Share that a rate of ``rate`` exceeds by chance once in 30,000 cells."""
    return rate + 4 * np.sqrt(rate * (1 - rate) / runs)


def rate_of_yes(tests: list[FoldTest]) -> float:
    return float(np.mean([test.verdict == "yes" for test in tests]))


@pytest.mark.parametrize("reference", [0, -1], ids=["rise", "late decline"])
def test_flat_noise_is_called_rising_or_declining_at_the_nominal_rate(reference: int) -> None:
    pooled = {folds: [] for folds in (3, 5, 10)}
    for cell, (layers, folds, correlation, effect) in enumerate(NULLS):
        random = np.random.default_rng([reference + 1, cell])
        drawn = [noise(random, layers, folds, correlation, effect) for _ in range(RUNS)]
        found = [best_over(scores, reference % layers) for scores in drawn]
        if folds < MIN_FOLDS:
            assert {test.verdict for test in found} == {"undecided"}
            continue
        assert rate_of_yes(found) <= allowed(RUNS), (layers, folds, correlation, effect)
        pooled[folds] += found
    assert rate_of_yes(pooled[5]) == pytest.approx(1 / 32, abs=0.006)
    assert rate_of_yes(pooled[10]) == pytest.approx(51 / 1024, abs=0.008)


def test_the_peak_judged_on_its_own_folds_would_be_wrong_far_more_often() -> None:
    random = np.random.default_rng(0)
    wrong = []
    for _ in range(500):
        scores = noise(random, 24, 5, 0.5, 1.0)
        rise = scores[scores.mean(axis=1).argmax()] - scores[0]
        wrong.append(rise.mean() > rise.std(ddof=1))
    assert np.mean(wrong) > 0.14


@pytest.mark.parametrize("folds", [5, 10])
def test_a_control_as_good_as_the_network_is_beaten_anywhere_at_the_nominal_rate(
    folds: int,
) -> None:
    random = np.random.default_rng(folds)
    anywhere, at_one_layer = [], []
    for correlation, layers in itertools.product((0.0, 0.5, 0.9, 0.99), (6, 24)):
        for _ in range(RUNS):
            gaps = noise(random, layers, folds, correlation, 1.0)
            gaps -= noise(random, layers, folds, correlation, 1.0)
            above = layers_above(gaps)
            assert above is not None
            anywhere.append(above.any())
            at_one_layer.append(paired(gaps[layers // 3]).verdict == "yes")
    runs = len(anywhere)
    assert np.mean(anywhere) <= allowed(runs)
    assert np.mean(at_one_layer) <= allowed(runs)


def test_layers_without_a_gap_are_spared_where_others_have_one() -> None:
    random = np.random.default_rng(1)
    means = np.r_[np.full(6, -0.5), np.zeros(10), np.full(8, 0.4)][:, None]
    wrong, found = [], []
    for _ in range(RUNS):
        above = layers_above(means + random.normal(0, 0.05, (24, 5)))
        assert above is not None
        wrong.append(above[:16].any())
        found.append(above[16:].mean())
    assert np.mean(wrong) <= allowed(RUNS)
    assert np.mean(found) > 0.95


@pytest.mark.parametrize("folds", [5, 10])
def test_the_papers_rise_is_found(folds: int) -> None:
    random = np.random.default_rng(folds)
    independent = [PAPER[:, None] + random.normal(0, 0.05, (24, folds)) for _ in range(RUNS)]
    assert rate_of_yes([best_over(scores, 0) for scores in independent]) > 0.99
    # The reference's own deviations over folds: .28 at layer 0, .12 at layer 8.
    spread = np.r_[0.28, np.full(23, 0.12)][:, None]
    wide = [PAPER[:, None] + random.normal(0, spread, (24, folds)) for _ in range(RUNS)]
    assert rate_of_yes([best_over(scores, 0) for scores in wide]) > 0.9


def test_a_late_decline_is_found_though_the_first_layers_lie_below_the_last() -> None:
    random = np.random.default_rng(2)
    course = np.interp(np.arange(24), [0, 3, 7, 10, 23], [0.47, 0.4, 0.95, 0.97, 0.72])[:, None]
    found = [best_over(course + random.normal(0, 0.05, (24, 5)), 23) for _ in range(RUNS)]
    assert rate_of_yes(found) > 0.95
    risen = [best_over(PAPER[:, None] + random.normal(0, 0.05, (24, 5)), 23) for _ in range(RUNS)]
    assert rate_of_yes(risen) <= allowed(RUNS)


def test_the_estimate_at_a_picked_peak_is_unbiased() -> None:
    random = np.random.default_rng(3)
    flat = [best_over(noise(random, 24, 5, 0.5, 1.0), 0).estimate for _ in range(2000)]
    assert abs(np.mean(flat)) < 3 * np.std(flat) / np.sqrt(len(flat))
    naive = []
    for _ in range(200):
        means = noise(random, 24, 5, 0.5, 1.0).mean(axis=1)
        naive.append(means.max() - means[0])
    assert np.mean(naive) > 0.03  # what picking on the same folds adds


def cross_validated(random: np.random.Generator, layers: int, folds: int) -> np.ndarray:
    """R2 of ridge probes on layers that hold equally much of a target, float [layers, folds]."""
    target = random.normal(size=200)
    direction = random.normal(size=15)
    direction /= np.linalg.norm(direction)
    fold_of = random.permutation(len(target)) % folds
    base = random.normal(size=(len(target), len(direction)))
    scores = np.empty((layers, folds))
    for layer in range(layers):
        own = random.normal(size=base.shape)
        features = np.sqrt(0.9) * base + np.sqrt(0.1) * own + np.outer(target, direction)
        for fold in range(folds):
            test = fold_of == fold
            train, truth = features[~test], target[test]
            centre, mean = train.mean(axis=0), target[~test].mean()
            gram = (train - centre).T @ (train - centre) + np.eye(len(direction))
            weights = np.linalg.solve(gram, (train - centre).T @ (target[~test] - mean))
            error = truth - mean - (features[test] - centre) @ weights
            scores[layer, fold] = 1 - (error**2).sum() / ((truth - truth.mean()) ** 2).sum()
    return scores


@pytest.mark.parametrize("folds", [5, 10])
def test_cross_validation_with_its_shared_training_clips_keeps_the_rate(folds: int) -> None:
    random = np.random.default_rng(folds)
    found = [best_over(cross_validated(random, 8, folds), 0) for _ in range(RUNS)]
    assert rate_of_yes(found) <= allowed(RUNS)


def test_a_few_wild_folds_do_not_raise_the_rate() -> None:
    """R2 has a long tail downwards; differences of two such scores are still symmetric enough."""
    random = np.random.default_rng(4)
    found = []
    for scale in (1.0, 4.0):
        for _ in range(RUNS):
            scores = 1 - random.gamma(1.0, 0.1, size=(12, 5))
            scores[0] = 1 - scale * (1 - scores[0]) + 0.1 * (scale - 1)
            found.append(best_over(scores, 0))
    assert rate_of_yes(found) <= allowed(len(found))
