"""How well logits tell possible movies from impossible ones: scores, metrics, shuffled labels.

A scene has four movies, two possible and two impossible. Probabilities of being possible are
sigmoids in float64.

Ties are neither wins nor losses and are reported beside them. They are real: the impossible movies
are spliced from the frames of the possible ones, so that features of part of a movie can be
identical across the scene. Such a scene ties exactly, whichever movie is listed first: a sum of
two floating-point numbers does not depend on their order (of three or more it would).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, log_expit

from pez.intphys.spec import MOVIES
from pez.recipes.spec import Plausibility, SelectionMetric
from pez.recipes.splits import Split
from pez.runtime.errors import ArtifactError

COLUMNS = ("clip_id", "block", "scene", "movie", "possible", "pair")
LOGIT_STEP = 1e-4  # sums of logits closer than this are equal: features and products are float32
THRESHOLD = 0.5  # a movie with a higher probability is called possible, one with a lower is not
METRICS = (
    "clip_accuracy",
    "relative_accuracy",
    "relative_ties",
    "relative_accuracy_ties_half",
    "matched_pair_accuracy",
    "matched_pair_ties",
    "all_pair_accuracy",
    "all_pair_ties",
    "matched_pair",
    "logit_sum",
    "auc",
    "possible_recall",
    "impossible_recall",
)


def check_movies(labels: pd.DataFrame, dataset: str) -> None:
    """Check that ``labels`` are whole scenes, each of two matched pairs.

    Raises:
        ArtifactError: a column is missing, or a scene is not what it should be.
    """
    cure = f"delete the labels of dataset {dataset!r} and run again"
    missing = [name for name in COLUMNS if name not in labels.columns]
    if missing:
        raise ArtifactError(
            f"the labels of dataset {dataset!r} lack column(s) {', '.join(missing)}, which a "
            f"plausibility probe needs: {cure}."
        )
    for (block, scene), movies in labels.groupby(["block", "scene"]):
        held = sorted(zip(movies["pair"], movies["possible"], strict=True))
        if held != [(0, 0), (0, 1), (1, 0), (1, 1)]:
            raise ArtifactError(
                f"scene {block}/{scene} of dataset {dataset!r} has movies (pair, possible) = "
                f"{', '.join(f'({pair}, {possible})' for pair, possible in held)}, where it should "
                f"have two pairs of one possible and one impossible movie: {cure}."
            )


def shuffled(scenes: np.ndarray, seed: int) -> np.ndarray:
    """Draw which two of the four movies of every scene [n] count as possible: 1 or 0, [n]."""
    pattern = np.tile([1, 1, 0, 0], (len(scenes) // MOVIES, 1))
    drawn = np.empty(len(scenes), dtype=np.int64)
    drawn[np.argsort(scenes, kind="stable")] = (
        np.random.default_rng(seed).permuted(pattern, axis=1).ravel()
    )
    return drawn


def selection_scores(
    metric: SelectionMetric,
    logits: np.ndarray,
    possible: np.ndarray,
    scenes: np.ndarray,
    rows: np.ndarray,
    half_counts_as: Plausibility = "impossible",
) -> np.ndarray:
    """Score that picks among configurations (or epochs), over the movies ``rows``.

    Args:
        metric: ``relative_accuracy``, strict, ``clip_accuracy``, or ``loss``, the cross-entropy.
        logits: [..., n].
        possible: 1 or 0, [n].
        scenes: scene of every movie, [n].
        rows: bool [n], whole scenes.
        half_counts_as: what a movie with a probability of exactly .5 is called.

    Returns:
        Scores, higher is better, float64 [...]: in 0 .. 1, or the loss with its sign reversed.
    """
    if metric == "loss":
        return -cross_entropy(logits, possible, rows)
    probability = expit(logits[..., rows].astype(np.float64))
    if metric == "clip_accuracy":
        called = called_possible(probability, half_counts_as)
        return (called == (possible[rows] == 1)).mean(axis=-1)
    real, unreal = _by_scene(probability, possible[rows], scenes[rows])
    return (real.sum(axis=-1) > unreal.sum(axis=-1)).mean(axis=-1)


def cross_entropy(logits: np.ndarray, possible: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Mean binary cross-entropy of ``logits`` [..., n] over the movies ``rows``: float64 [...]."""
    right = (2 * possible[rows] - 1) * logits[..., rows].astype(np.float64)
    return -log_expit(right).mean(axis=-1)


def best_configuration(
    metric: SelectionMetric,
    logits: np.ndarray,
    possible: np.ndarray,
    scenes: np.ndarray,
    splits: Sequence[Split],
    half_counts_as: Plausibility = "impossible",
) -> np.ndarray:
    """Configuration with the highest score on the held-out movies: int64 [layers, splits].

    Scores have few values; between equals the lowest held-out cross-entropy decides, then the
    first. Logits [layers, splits, configurations, n] that are not finite lose.
    """
    chosen = []
    for index, split in enumerate(splits):
        of_split = logits[:, index]
        loss = cross_entropy(of_split, possible, split.held_out)
        score = selection_scores(metric, of_split, possible, scenes, split.held_out, half_counts_as)
        score = np.where(np.isfinite(loss), score, -np.inf)
        highest = score == score.max(axis=1, keepdims=True)
        chosen.append(np.where(highest, loss, np.inf).argmin(axis=1))
    return np.stack(chosen, axis=1)


def movie_metrics(
    logits: np.ndarray,
    possible: np.ndarray,
    scenes: np.ndarray,
    pairs: np.ndarray,
    half_counts_as: Plausibility = "impossible",
) -> dict[str, float]:
    """All metrics of some whole scenes, arrays [m]; NaN where there is nothing to judge.

    ``matched_pair`` and ``logit_sum`` compare logits and count ties one half: unlike a sum of
    probabilities, a sum of logits of features that add over time is the same for both sides of a
    scene, whatever the bias is.

    ``pairs`` numbers the matched pairs of a scene 0 and 1. A matched pair is judged where its two
    movies have different labels; with shuffled labels that is not always so. ``half_counts_as`` is
    what a movie with a probability of exactly .5 is called.
    """
    if len(logits) == 0:
        return dict.fromkeys(METRICS, float("nan"))
    probability = expit(logits)
    called = called_possible(probability, half_counts_as)
    real, unreal = _by_scene(probability, possible, scenes)
    relative, relative_ties = _compare(real.sum(axis=1), unreal.sum(axis=1))
    matched, matched_ties = _compare(*_matched_pairs(probability, possible, scenes, pairs))
    crossed, crossed_ties = _compare(real[:, :, None], unreal[:, None, :])
    above, equal = _compare(real.reshape(-1, 1), unreal.reshape(1, -1))
    sums = (_rounded(values.sum(axis=1)) for values in _by_scene(logits, possible, scenes))
    return {
        "clip_accuracy": float((called == (possible == 1)).mean()),
        "relative_accuracy": relative,
        "relative_ties": relative_ties,
        "relative_accuracy_ties_half": relative + relative_ties / 2,
        "matched_pair_accuracy": matched,
        "matched_pair_ties": matched_ties,
        "all_pair_accuracy": crossed,
        "all_pair_ties": crossed_ties,
        "matched_pair": _ties_half(*_matched_pairs(logits, possible, scenes, pairs)),
        "logit_sum": _ties_half(*sums),
        "auc": above + equal / 2,  # Mann-Whitney: every possible movie against every other
        "possible_recall": float(called[possible == 1].mean()),
        "impossible_recall": float((~called[possible == 0]).mean()),
    }


def called_possible(probability: np.ndarray, half_counts_as: Plausibility) -> np.ndarray:
    """Whether movies with these probabilities of being possible are called so, bool."""
    if half_counts_as == "possible":
        return probability >= THRESHOLD
    return probability > THRESHOLD


def _by_scene(
    values: np.ndarray, possible: np.ndarray, scenes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Values [..., m] of the possible and of the impossible movies: [..., scenes, 2] each."""
    movies = np.lexsort((possible, scenes)).reshape(-1, MOVIES)
    return values[..., movies[:, MOVIES // 2 :]], values[..., movies[:, : MOVIES // 2]]


def _matched_pairs(
    values: np.ndarray, possible: np.ndarray, scenes: np.ndarray, pairs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Values of the possible and the impossible movie of each pair with different labels."""
    movies = np.lexsort((possible, pairs, scenes)).reshape(-1, 2)
    movies = movies[possible[movies[:, 0]] != possible[movies[:, 1]]]
    return values[movies[:, 1]], values[movies[:, 0]]


def _compare(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Share in which ``first`` is above ``second``, and in which they are equal; NaN for none."""
    above, equal = first > second, first == second
    if above.size == 0:
        return float("nan"), float("nan")
    return float(above.mean()), float(equal.mean())


def _rounded(sums: np.ndarray) -> np.ndarray:
    """Sums of logits without what float32 rounding makes of them: multiples of `LOGIT_STEP`."""
    return (sums / LOGIT_STEP).round()


def _ties_half(first: np.ndarray, second: np.ndarray) -> float:
    """Share in which ``first`` is above ``second``, ties counted one half; NaN for none."""
    above, equal = _compare(first, second)
    return above + equal / 2
