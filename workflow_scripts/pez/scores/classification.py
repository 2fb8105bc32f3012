"""How well scores of classes tell clips apart."""

import numpy as np


def class_metrics(target: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Metrics of one held-out fold.

    Args:
        target: 1 for a clip's own class, 0 for the others, [n, classes].
        scores: the class with the highest is the answer, [n, classes]; a clip with a score that is
            no number counts as wrong.

    Returns:
        ``accuracy``, the share of clips told right; ``balanced_accuracy``, the mean over the
        classes that are held out of the share of theirs.
    """
    own = target.argmax(axis=1)
    right = (scores.argmax(axis=1) == own) & np.isfinite(scores).all(axis=1)
    by_class = [right[own == one].mean() for one in np.unique(own)]
    return {"accuracy": float(right.mean()), "balanced_accuracy": float(np.mean(by_class))}


def chance(target: np.ndarray) -> float:
    """Accuracy of one answer for all clips: the share of the largest class of [n, classes]."""
    return float(target.mean(axis=0).max())
