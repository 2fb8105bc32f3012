"""How well predictions meet targets."""

import numpy as np

from pez.recipes.kinds import Angle

# A target whose standard deviation among some clips is below this share of its standard deviation
# among all clips is constant there: what is left is the physics engine's rounding.
CONSTANT_SHARE = 1e-3
CLOSE_DEG = 15.0  # the paper's figure 4c counts directions within 15 degrees


def r2(target: np.ndarray, prediction: np.ndarray) -> float:
    """R2 of [n, outputs] arrays: 1 - SSE / SST, both pooled over the outputs.

    SST is taken about the mean of ``target`` itself. NaN where ``target`` is constant.
    """
    total = float(((target - target.mean(axis=0)) ** 2).sum())
    return 1.0 - float(((target - prediction) ** 2).sum()) / total if total > 0 else float("nan")


def mae(target: np.ndarray, prediction: np.ndarray) -> float:
    """Mean absolute error over rows and outputs, in the target's unit."""
    return float(np.abs(target - prediction).mean())


def angles(outputs: np.ndarray, angle: Angle) -> np.ndarray:
    """Direction in radians, [n], that probe outputs [n, outputs] stand for.

    ``wrapped``: the output is the angle, in the axis and from the cut of the target; ``sincos``:
    (sin, cos) of the world's angle; ``image``: (vx, vy) in the image, whose y axis points down
    while the world's points up, turned to the world's angle.
    """
    if angle == "wrapped":
        return outputs[:, 0]
    if angle == "sincos":
        return np.arctan2(outputs[:, 0], outputs[:, 1])
    return np.arctan2(-outputs[:, 1], outputs[:, 0])


def circular_errors_deg(target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Angle between two directions given in radians [n]: degrees in [0, 180]."""
    turn = np.mod(target - prediction + np.pi, 2 * np.pi) - np.pi
    return np.abs(np.degrees(turn))


def fold_metrics(
    target: np.ndarray, prediction: np.ndarray, angle: Angle | None
) -> dict[str, float]:
    """All metrics of one held-out fold, [n, outputs] arrays in raw units.

    Direction targets (``angle`` given) add circular_mae_deg and accuracy_within_15_deg (a share).
    """
    metrics = {"r2": r2(target, prediction), "mae": mae(target, prediction)}
    if angle is not None:
        errors = circular_errors_deg(angles(target, angle), angles(prediction, angle))
        metrics["circular_mae_deg"] = float(errors.mean())
        metrics["accuracy_within_15_deg"] = float((errors <= CLOSE_DEG).mean())
    return metrics


def is_constant(values: np.ndarray, spread: np.ndarray) -> bool:
    """Whether ``values`` [n, outputs] vary in no output, next to ``spread`` [outputs] overall."""
    return bool((values.std(axis=0) <= CONSTANT_SHARE * spread).all())
