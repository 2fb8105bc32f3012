"""Out-of-fold predictions with known R2, of conditions of a few clips each."""

import numpy as np

from pez.estimands.bootstrap import bootstrap_weights, weighted_r2

DIRECTIONS, MAGNITUDES, CLIPS = 8, 7, 7
CONDITIONS = DIRECTIONS * MAGNITUDES


def draw(
    random: np.random.Generator, truth: np.ndarray, *, condition: float, shared: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Groups [n], targets [n, 2] and predictions [S, n, 2] with the R2 ``truth`` [S].

    Args:
        random: draws the errors.
        truth: R2 at every state.
        condition: share of an error's variance that a condition's clips have in common.
        shared: share that all states have in common.
    """
    groups = np.repeat(np.arange(CONDITIONS), CLIPS)
    angle = 2 * np.pi * (groups // MAGNITUDES) / DIRECTIONS
    targets = np.stack([np.sin(angle), np.cos(angle)], axis=1)

    def errors() -> np.ndarray:
        common = random.normal(size=(CONDITIONS, 2))[groups]
        own = random.normal(size=targets.shape)
        return np.sqrt(condition) * common + np.sqrt(1 - condition) * own

    everywhere = errors()
    predictions = [
        targets
        + np.sqrt((1 - r2) / 2) * (np.sqrt(shared) * everywhere + np.sqrt(1 - shared) * errors())
        for r2 in truth
    ]
    return groups, targets, np.stack(predictions)


def curves(
    groups: np.ndarray,
    targets: np.ndarray,
    predictions: np.ndarray,
    draws: int,
    seed: int,
    *,
    within: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores [S], draws [B, S] and folds [5, S] of conditions."""
    weights = bootstrap_weights(groups, draws, seed, within=within)
    fold_of = np.random.default_rng(seed).permutation(CONDITIONS)[groups] % 5
    folds = [(fold_of == fold).astype(float) for fold in range(5)]
    scores = weighted_r2(targets, predictions, np.ones((1, len(groups))))[0]
    return (
        scores,
        weighted_r2(targets, predictions, weights),
        weighted_r2(targets, predictions, np.stack(folds)),
    )
