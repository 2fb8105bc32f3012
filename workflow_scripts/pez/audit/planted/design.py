"""Labels of planted clips: a small ball design, and scenes of movies."""

import numpy as np
import pandas as pd

DIRECTIONS, MAGNITUDES, STARTS = 8, (1.0, 2.0, 3.0, 4.0), 4
HALF_RANGE_M = 2.0
CENTRE_PX, PX_PER_M, FRAMES_PER_SECOND = 128.0, 32.0, 24.0
SCENES = 40


def ball_labels(
    random: np.random.Generator, kind: str, start_follows_direction: float = 0.0
) -> pd.DataFrame:
    """Labels of the design directions x magnitudes x starts, columns as in ``labels.parquet``.

    Args:
        random: draws the starts.
        kind: ``velocity`` or ``acceleration``, what direction and magnitude are those of.
        start_follows_direction: 0: starts are uniform in a square, as in the datasets; up to 1: so
            much of them is the point from which the ball crosses the centre.

    Returns:
        One row a clip; balls never leave the picture.
    """
    shape = (DIRECTIONS, len(MAGNITUDES), STARTS)
    direction, magnitude, start = (index.ravel() for index in np.indices(shape))
    angle = 2 * np.pi * direction / DIRECTIONS
    heading = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    size = np.asarray(MAGNITUDES)[magnitude]
    share = start_follows_direction
    free = random.uniform(-HALF_RANGE_M, HALF_RANGE_M, (len(direction), 2))
    starts = (1 - share) * free - share * HALF_RANGE_M * heading
    vector, still = size[:, None] * heading, np.zeros_like(heading)
    velocity, acceleration = (vector, still) if kind == "velocity" else (still, vector)
    image = np.array([1.0, -1.0]) * PX_PER_M  # y points down
    velocity_px = velocity * image / FRAMES_PER_SECOND + 0.0
    acceleration_px = acceleration * image / FRAMES_PER_SECOND**2 + 0.0
    return pd.DataFrame(
        {
            "clip_id": [f"planted_{clip:04d}" for clip in range(len(direction))],
            "dataset": f"planted_{kind}",
            "direction_index": direction,
            "magnitude_index": magnitude,
            "start_index": start,
            "direction_rad": angle,
            "speed_m_s": np.linalg.norm(velocity, axis=1),
            "acceleration_m_s2": np.linalg.norm(acceleration, axis=1),
            "start_x_m": starts[:, 0],
            "start_y_m": starts[:, 1],
            "start_x_px": CENTRE_PX + starts[:, 0] * image[0],
            "start_y_px": CENTRE_PX + starts[:, 1] * image[1],
            "vx_px": velocity_px[:, 0],
            "vy_px": velocity_px[:, 1],
            "ax_px": acceleration_px[:, 0],
            "ay_px": acceleration_px[:, 1],
            "frames_out_of_view": 0,
            "in_view_at_end": True,
            "in_view_in_last_tubelet": True,
        }
    )


def movie_labels() -> pd.DataFrame:
    """Labels of scenes of two matched pairs each, columns as those of the movies' index."""
    scene, movie = (index.ravel() for index in np.indices((SCENES, 4)))
    return pd.DataFrame(
        {
            "clip_id": [f"planted_{one:03d}_{two}" for one, two in zip(scene, movie, strict=True)],
            "block": "O1",
            "scene": scene,
            "movie": movie + 1,
            "possible": (movie % 2 == 0).astype(np.int64),
            "pair": movie // 2,
        }
    )
