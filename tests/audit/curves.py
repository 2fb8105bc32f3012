"""Curves of the primary cell, as planted scores with noise, for claims to be judged by."""

from collections.abc import Mapping, Sequence

import numpy as np

from pez.audit.primary import PARTIAL, TRANSFER, Curve, PrimaryEvidence

BLOCKS, DRAWS, FOLDS = 12, 500, 5


def stepping(at: int, low: float = 0.1, high: float = 0.9) -> np.ndarray:
    return np.where(np.arange(BLOCKS + 1) < at, low, high)


def noise(random: np.random.Generator, size: float, count: int) -> np.ndarray:
    """Noise of neighbouring states that goes together: [count, S]."""
    common, own = random.normal(size=(count, 1)), random.normal(size=(count, BLOCKS + 1))
    return size * (np.sqrt(0.7) * common + np.sqrt(0.3) * own)


def curve(
    random: np.random.Generator, truth: np.ndarray, size: float, permuted: bool = True
) -> Curve:
    """Scores about ``truth`` [S] with noise of ``size``, and draws about the scores."""
    folds = truth + noise(random, size * np.sqrt(FOLDS), FOLDS)
    scores = folds.mean(axis=0)
    null = noise(random, size, 50) - 0.05 if permuted else None
    return Curve(scores, scores + noise(random, size, DRAWS), folds, null)


def evidence(
    random: np.random.Generator,
    truths: Mapping[str, np.ndarray],
    size: float = 0.02,
    untrained: Sequence[np.ndarray] = (),
) -> PrimaryEvidence:
    """Evidence of these true curves, by variable, beside untrained ones of direction."""
    trained = {name: curve(random, truth, size) for name, truth in truths.items()}
    seeds = [{"direction": curve(random, truth, size, False)} for truth in untrained]
    return PrimaryEvidence("planted", trained, {"untrained": seeds})


def papers() -> dict[str, np.ndarray]:
    """What the paper describes: every claim holds."""
    direction = stepping(4)
    direction[9:] = [0.85, 0.8, 0.75, 0.7]
    flat = np.full(BLOCKS + 1, 0.9)
    return {
        "direction": direction,
        "speed": flat,
        "acceleration": flat,
        "velocity_xy": stepping(4),
        "acceleration_xy": stepping(4),
        "plausibility": stepping(4, 0.0, 0.45),
        PARTIAL: stepping(4, 0.05, 0.8),
        TRANSFER: stepping(4, -0.2, 0.8),
    }


def flat_seeds(random: np.random.Generator, seeds: int = 5) -> list[np.ndarray]:
    return [np.full(BLOCKS + 1, level) for level in random.uniform(0.05, 0.15, seeds)]
