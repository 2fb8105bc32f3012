"""Scores and metrics of movies against loops that spell the definitions out."""

import numpy as np
import pytest
from movie_data import BLOCKS, movies
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from pez.recipes.groupings import group_ids
from pez.recipes.splits import Split
from pez.runtime.errors import ArtifactError
from pez.scores.plausibility import (
    METRICS,
    best_configuration,
    check_movies,
    cross_entropy,
    movie_metrics,
    selection_scores,
    shuffled,
)

LABELS = movies(5)
POSSIBLE, PAIRS = LABELS["possible"].to_numpy(), LABELS["pair"].to_numpy()
SCENES = group_ids(LABELS, "scene", 0)


def written_out(
    logits: np.ndarray, possible: np.ndarray, scenes: np.ndarray, pairs: np.ndarray
) -> dict[str, float]:
    """The metrics, one movie at a time."""
    probability = expit(logits)
    relative, matched, crossed = [], [], []  # differences possible minus impossible
    sums = []
    for scene in sorted(set(scenes)):
        real = [i for i in range(len(scenes)) if scenes[i] == scene and possible[i]]
        unreal = [i for i in range(len(scenes)) if scenes[i] == scene and not possible[i]]
        relative.append(
            probability[real[0]] + probability[real[1]]
            - (probability[unreal[0]] + probability[unreal[1]])
        )  # fmt: skip
        sums.append((logits[real].sum() - logits[unreal].sum()).round(3))
        for i in real:
            for j in unreal:
                crossed.append(probability[i] - probability[j])
                if pairs[i] == pairs[j]:
                    matched.append(probability[i] - probability[j])

    def share(hits: list[bool]) -> float:
        return sum(hits) / len(hits) if hits else float("nan")

    def wins(differences: list[float]) -> tuple[float, float]:
        return share([d > 0 for d in differences]), share([d == 0 for d in differences])

    everyone = range(len(scenes))
    return {
        "clip_accuracy": share([bool(possible[i]) == (probability[i] > 0.5) for i in everyone]),
        "relative_accuracy": wins(relative)[0],
        "relative_ties": wins(relative)[1],
        "relative_accuracy_ties_half": wins(relative)[0] + wins(relative)[1] / 2,
        "matched_pair_accuracy": wins(matched)[0],
        "matched_pair_ties": wins(matched)[1],
        "all_pair_accuracy": wins(crossed)[0],
        "all_pair_ties": wins(crossed)[1],
        "matched_pair": wins(matched)[0] + wins(matched)[1] / 2,
        "logit_sum": wins(sums)[0] + wins(sums)[1] / 2,
        "auc": roc_auc_score(possible, probability),
        "possible_recall": share([probability[i] > 0.5 for i in everyone if possible[i]]),
        "impossible_recall": share([probability[i] <= 0.5 for i in everyone if not possible[i]]),
    }


@pytest.mark.parametrize("seed", range(20))
def test_metrics_equal_loops_and_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=len(LABELS)).round(2)
    if seed % 2:  # few values, so that ties and exact halves abound
        logits = rng.integers(-2, 3, len(LABELS)) * 1.0
    possible = POSSIBLE if seed % 4 < 2 else shuffled(SCENES, seed)
    order = rng.permutation(len(LABELS))
    given = [array[order] for array in (logits, possible, SCENES, PAIRS)]
    found, expected = movie_metrics(*given), written_out(*given)
    assert tuple(found) == METRICS == tuple(expected)
    assert found == pytest.approx(expected, nan_ok=True)


def test_a_scene_with_the_same_two_features_on_both_sides_ties_exactly():
    """(A, B) against (B, A), whatever the two probabilities and the order of the movies."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2000, 2)) * rng.choice([1e-9, 1.0, 10.0], size=(2000, 1))
    of_scene = np.concatenate([logits, logits[:, ::-1]], axis=1)
    possible = np.tile([1, 1, 0, 0], 2000)
    scenes = np.repeat(np.arange(2000), 4)
    order = rng.permutation(8000)
    found = movie_metrics(
        of_scene.ravel()[order], possible[order], scenes[order], np.tile([0, 1, 0, 1], 2000)
    )
    assert (found["relative_accuracy"], found["relative_ties"]) == (0, 1)
    assert found["relative_accuracy_ties_half"] == found["logit_sum"] == 0.5
    assert found["all_pair_ties"] == 0.5  # each movie against its double
    assert found["auc"] == pytest.approx(0.5)
    assert found["clip_accuracy"] == 0.5


def test_no_movies_give_no_numbers():
    nothing = movie_metrics(*np.empty((4, 0)))
    assert tuple(nothing) == METRICS
    assert np.isnan(list(nothing.values())).all()


def test_pairs_are_judged_where_shuffled_labels_differ():
    # One scene. Pairs: movies 0 and 1, movies 2 and 3; the labels set the pairs against each other.
    found = movie_metrics(
        np.array([3.0, 2.0, -2.0, -3.0]),
        np.array([1, 1, 0, 0]),
        np.zeros(4),
        np.array([0, 0, 1, 1]),
    )
    assert np.isnan(found["matched_pair_accuracy"]) and np.isnan(found["matched_pair_ties"])
    assert found["all_pair_accuracy"] == 1


@pytest.mark.parametrize("metric", ["relative_accuracy", "clip_accuracy"])
def test_selection_scores_are_the_metrics_of_the_rows(metric):
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(3, 2, len(LABELS))).round(1)
    rows = SCENES % 3 == 0
    found = selection_scores(metric, logits, POSSIBLE, SCENES, rows)
    assert found.shape == (3, 2)
    for index in np.ndindex(3, 2):
        given = [a[rows] for a in (logits[index], POSSIBLE, SCENES, PAIRS)]
        assert found[index] == pytest.approx(movie_metrics(*given)[metric])


def test_cross_entropy_is_that_of_the_probabilities_and_survives_extremes():
    logits = np.random.default_rng(2).normal(size=len(LABELS))
    rows = SCENES < 7
    p, y = expit(logits[rows]), POSSIBLE[rows]
    expected = -(y * np.log(p) + (1 - y) * np.log1p(-p)).mean()
    assert cross_entropy(logits, POSSIBLE, rows) == pytest.approx(expected)
    wrong = np.where(POSSIBLE == 1, -2000.0, 2000.0)
    assert cross_entropy(wrong, POSSIBLE, rows) == 2000


def test_equal_scores_are_settled_by_the_loss_and_then_by_order():
    right = np.where(POSSIBLE == 1, 1.0, -1.0)
    configurations = np.stack([-right, right, 3 * right, 3 * right, np.full_like(right, np.nan)])
    split = Split(SCENES >= 5, SCENES < 5)
    for metric in ("relative_accuracy", "clip_accuracy"):
        found = best_configuration(metric, configurations[None, None], POSSIBLE, SCENES, [split])
        assert found.tolist() == [[2]]


def test_shuffling_draws_two_of_four_in_every_scene():
    scenes = np.random.default_rng(0).permutation(np.repeat(np.arange(3000), 4))
    drawn = shuffled(scenes, 42)
    assert set(drawn) == {0, 1}
    assert (np.bincount(scenes, weights=drawn) == 2).all()
    np.testing.assert_array_equal(drawn, shuffled(scenes, 42))
    assert (drawn != shuffled(scenes, 43)).any()
    by_scene = drawn[np.argsort(scenes, kind="stable")].reshape(-1, 4)
    counts = np.unique(by_scene, axis=0, return_counts=True)[1]
    # each of the six ways 500 times, give or take four standard deviations (20.4)
    assert len(counts) == 6 and np.abs(counts - 500).max() < 82


def test_broken_scenes_are_named():
    check_movies(LABELS, "intphys_mini")
    with pytest.raises(ArtifactError, match=r"'intphys_mini' lack.*block, pair"):
        check_movies(LABELS.drop(columns=["block", "pair"]), "intphys_mini")
    with pytest.raises(ArtifactError, match="scene O1/1 of dataset 'intphys_mini'"):
        check_movies(LABELS.drop(index=2), "intphys_mini")
    with pytest.raises(ArtifactError, match=r"scene O2/4.*\(0, 1\), \(1, 1\), \(1, 1\)"):
        changed = (LABELS.block == "O2") & (LABELS.scene == 4) & (LABELS.pair == 1)
        check_movies(LABELS.assign(possible=LABELS.possible.mask(changed, 1)), "intphys_mini")


def test_the_scene_is_the_group_and_blocks_number_their_scenes_alike():
    assert SCENES.max() + 1 == len(BLOCKS) * 5
    assert (np.bincount(SCENES) == 4).all()
    assert LABELS.groupby(SCENES)[["block", "scene"]].nunique().eq(1).all(axis=None)
