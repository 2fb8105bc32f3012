"""Labels and features to fit probes on, small enough for a test."""

import numpy as np
import pandas as pd


def design(directions: int, magnitudes: int, starts: int, seed: int = 0) -> pd.DataFrame:
    """Labels of a full design, as the simulation writes them (velocity and acceleration alike)."""
    rng = np.random.default_rng(seed)
    index = np.indices((directions, magnitudes, starts)).reshape(3, -1)
    angle = index[0] * 2 * np.pi / directions
    magnitude = index[1] + 1.0
    start = rng.uniform(-2, 2, size=(2, index.shape[1]))
    step = magnitude * 256 / 8 / 24
    return pd.DataFrame(
        {
            "clip_id": [f"velocity_{number:04d}" for number in range(index.shape[1])],
            "direction_index": index[0],
            "magnitude_index": index[1],
            "start_index": index[2],
            "direction_rad": angle,
            "speed_m_s": magnitude,
            "acceleration_m_s2": 2 * magnitude,
            "start_x_m": start[0],
            "start_y_m": start[1],
            "start_x_px": 128 + 32 * start[0],
            "start_y_px": 128 - 32 * start[1],
            "vx_px": step * np.cos(angle),
            "vy_px": -step * np.sin(angle),
            "ax_px": step * np.cos(angle),
            "ay_px": -step * np.sin(angle),
        }
    )


def features(labels: pd.DataFrame, width: int, seed: int, noise: float = 0.5) -> np.ndarray:
    """Features in which motion and start are mixed linearly, with uneven means and scales."""
    rng = np.random.default_rng(seed)
    known = labels[["vx_px", "vy_px", "speed_m_s", "start_x_m", "start_y_m"]].to_numpy()
    mixed = (known / known.std(axis=0)) @ rng.normal(size=(5, width))
    mixed += noise * rng.normal(size=mixed.shape)
    return (mixed * rng.lognormal(size=width) + 3 * rng.normal(size=width)).astype(np.float32)
