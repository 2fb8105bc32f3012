"""R2 of what was read, under how often every clip counts: by patch, by distance, between halves.

Weights are [1 + B, n]: every clip once in the first row, then the draws of a bootstrap over
conditions, the same for all networks. So are all scores: the value itself first, then its draws.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pez.estimands.bootstrap import bootstrap_weights, weighted_r2
from pez.inside.patches.arrays import Array, Half, Reads

READABLE = 0.5  # R2 above which a patch counts as one that direction is read from


def weights_of(conditions: NDArray[np.int64], draws: int, seed: int) -> Array:
    """Weights of all clips, [1 + ``draws``, n]."""
    drawn = bootstrap_weights(conditions, draws, seed)
    return np.vstack([np.ones(len(conditions)), drawn])


def patch_scores(targets: Array, answers: Array, weights: Array) -> Array:
    """R2 of every patch: answers [S, P, n, 2] to [1 + B, S, P]."""
    states, patches = answers.shape[:2]
    found = weighted_r2(targets, answers.reshape(-1, *answers.shape[2:]), weights)
    return found.reshape(len(weights), states, patches)


def half_scores(half: Half, targets: Array, weights: Array) -> Array:
    """R2 about the mean of the clips that were asked about, [1 + B, S]."""
    own = weights[:, half.clips]
    some = own.any(axis=1)  # NaN in draws without any of these clips
    found = np.full((len(weights), len(half.answers)), np.nan)
    found[some] = weighted_r2(targets[half.clips], half.answers, own[some])
    return found


def pair_scores(
    targets: Array, answers: Array, classes: NDArray[np.bool_], weights: Array
) -> Array:
    """R2 of pairs of a clip and a patch, by class of pairs.

    Errors are summed over the pairs of a class. So is what they are held against: squares about
    the mean target *of the clips that make pairs with the patch in this class*. A patch on the
    right that the ball stays away from tells that it did not go right; that alone scores nothing.

    Args:
        targets: float64 [n, 2].
        answers: by patch, [S, P, n, 2].
        classes: which pairs are in which class, [n, P, K].
        weights: [1 + B, n].

    Returns:
        float64 [1 + B, S, K]; NaN for a class without pairs.
    """
    clips, patches, count = classes.shape
    errors = ((answers - targets) ** 2).sum(axis=-1)
    per_clip = np.einsum("spn,npk->snk", errors, classes.astype(np.float64), optimize=True)
    lost = np.einsum("bn,snk->bsk", weights, per_clip, optimize=True)
    flat = classes.reshape(clips, -1).astype(np.float64)
    pairs = weights @ flat
    squares = weights @ (flat * (targets**2).sum(axis=1, keepdims=True))
    for target in targets.T:
        squares -= (weights @ (flat * target[:, None])) ** 2 / np.maximum(pairs, 1e-12)
    total = squares.reshape(len(weights), patches, count).sum(axis=1)
    known = total > 1e-9 * np.maximum(pairs.reshape(total.shape[0], patches, count).sum(axis=1), 1)
    explained = 1 - lost / np.where(known, total, 1.0)[:, None]
    return np.where(known[:, None], explained, np.nan)


def correlation(scores: Array, visits: Array) -> Array:
    """Correlation over patches of scores [..., P] with how often the ball was there [P]; 0 where
    either does not vary."""
    apart = scores - scores.mean(axis=-1, keepdims=True)
    often = visits - visits.mean()
    size = np.sqrt((apart**2).sum(axis=-1) * (often**2).sum())
    return np.divide(apart @ often, size, out=np.zeros_like(size), where=size > 1e-12)


def distance_classes(distance: Array, edges: Sequence[float]) -> NDArray[np.bool_]:
    """Pairs at distances [n, P] from each of ``edges`` to the next, [n, P, classes]."""
    ends = [*edges[1:], np.inf]
    within = [(distance >= low) & (distance < high) for low, high in zip(edges, ends, strict=True)]
    return np.stack(within, axis=-1)


def far_scores(reads: Reads, read: str, far: float, weights: Array) -> Array:
    """R2 of patches that the path stays ``far`` from or farther, [1 + B, S]."""
    away = (reads.distance >= far) & np.isfinite(reads.distance)
    found = pair_scores(reads.targets, reads.by_patch[read], away[..., None], weights)
    return np.asarray(found[..., 0])


def mean_scores(halves: Sequence[Half], targets: Array, weights: Array) -> Array:
    """Mean R2 over several pairs of halves, [1 + B, S]."""
    return np.mean([half_scores(one, targets, weights) for one in halves], axis=0)
