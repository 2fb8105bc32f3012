"""The design of a dataset, and its labels as measured from the engine's trajectories."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pez.clips.geometry import pixels_per_metre, project
from pez.clips.spec import BallDatasetSpec, SceneSpec
from pez.clips.visibility import VISIBILITY_COLUMNS, visibility

LABEL_COLUMNS = (
    "clip_id", "dataset", "direction_index", "magnitude_index", "start_index",
    "direction_rad", "speed_m_s", "acceleration_m_s2", "start_x_m", "start_y_m",
    "start_x_px", "start_y_px", "vx_px", "vy_px", "ax_px", "ay_px", *VISIBILITY_COLUMNS,
)  # fmt: skip
TRAJECTORY_COLUMNS = (
    "clip_id", "frame", "x_m", "y_m", "z_m", "vx_m_s", "vy_m_s", "vz_m_s", "x_px", "y_px",
)  # fmt: skip
WRAP_TOLERANCE_RAD = 1e-6


def design(name: str, dataset: BallDatasetSpec) -> pd.DataFrame:
    """Lay out the factorial directions x magnitudes x starts, one row per clip.

    Columns: clip_id, dataset, direction_index, magnitude_index, start_index, then what the
    engine is given: start_x_m, start_y_m, vx_m_s, vy_m_s, ax_m_s2, ay_m_s2. Starts are uniform
    and drawn anew for every clip, in clip order, from ``dataset.seed``.
    """
    shape = (dataset.directions, len(dataset.magnitudes), dataset.starts)
    direction, magnitude, start = (index.ravel() for index in np.indices(shape))
    half = dataset.start_half_range_m
    xy = np.random.default_rng(dataset.seed).uniform(-half, half, (*shape, 2)).reshape(-1, 2)
    angle = 2 * np.pi * direction / dataset.directions
    size = np.asarray(dataset.magnitudes)[magnitude]
    vector = size[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    still = np.zeros_like(vector)
    velocity, acceleration = (vector, still) if dataset.motion == "velocity" else (still, vector)
    return pd.DataFrame(
        {
            "clip_id": [f"{name}_{clip:04d}" for clip in range(dataset.clips)],
            "dataset": name,
            "direction_index": direction,
            "magnitude_index": magnitude,
            "start_index": start,
            "start_x_m": xy[:, 0],
            "start_y_m": xy[:, 1],
            "vx_m_s": velocity[:, 0],
            "vy_m_s": velocity[:, 1],
            "ax_m_s2": acceleration[:, 0],
            "ay_m_s2": acceleration[:, 1],
        }
    )


def angle_of(vector: np.ndarray) -> np.ndarray:
    """World angle in [0, 2 pi) of vectors [..., 2]; one within 1e-6 below 2 pi comes out as 0.

    A ball sent along +x has a y velocity of some 1e-17 of either sign; without this, half of
    the direction-0 clips would be labelled 2 pi and a probe of the raw angle would be taught
    two opposite values for one direction.
    """
    angle = np.arctan2(vector[..., 1], vector[..., 0]) % (2 * np.pi)
    return np.where(angle > 2 * np.pi - WRAP_TOLERANCE_RAD, 0.0, angle)


def measure_acceleration(velocity_m_s: np.ndarray, frames_per_second: int) -> np.ndarray:
    """Least-squares slope [n, 2], m/s2, of the velocities [n, T, 3] over the frames, x and y."""
    time = np.arange(velocity_m_s.shape[1]) / frames_per_second
    centred = time - time.mean()
    return np.einsum("t,ntk->nk", centred / (centred @ centred), velocity_m_s[..., :2])


def measure(
    scene: SceneSpec,
    dataset: BallDatasetSpec,
    plan: pd.DataFrame,
    position_m: np.ndarray,
    velocity_m_s: np.ndarray,
) -> pd.DataFrame:
    """Read the labels off the engine's states; only the index columns come from the design.

    Args:
        scene: for the camera and the frame rate.
        dataset: whose ``motion`` says whether direction is that of velocity or of acceleration.
        plan: what `design` returned, n rows.
        position_m: [n, T, 3], metres.
        velocity_m_s: [n, T, 3], metres per second.

    Returns:
        One row per clip with `LABEL_COLUMNS`. Pixel quantities have y pointing down, velocities
        are in pixels per frame, accelerations in pixels per frame^2, at frame 0. Visibility as in
        `pez.clips.visibility.visibility`.
    """
    acceleration = measure_acceleration(velocity_m_s, scene.frames_per_second)
    velocity = velocity_m_s[:, 0, :2]
    start_px = project(scene, position_m[:, 0])
    # at constant height the overhead camera is a plain scaling with the y axis turned over
    scale = pixels_per_metre(scene, position_m[:, 0, 2])[:, None] * np.array([1.0, -1.0])
    # + 0.0 turns the -0.0 of a still axis into 0.0
    velocity_px = velocity * scale / scene.frames_per_second + 0.0
    acceleration_px = acceleration * scale / scene.frames_per_second**2 + 0.0
    table = plan[["clip_id", "dataset", "direction_index", "magnitude_index", "start_index"]].copy()
    table["direction_rad"] = angle_of(velocity if dataset.motion == "velocity" else acceleration)
    table["speed_m_s"] = np.hypot(velocity[:, 0], velocity[:, 1])
    table["acceleration_m_s2"] = np.hypot(acceleration[:, 0], acceleration[:, 1])
    table[["start_x_m", "start_y_m"]] = position_m[:, 0, :2]
    table[["start_x_px", "start_y_px"]] = start_px
    table[["vx_px", "vy_px"]] = velocity_px
    table[["ax_px", "ay_px"]] = acceleration_px
    table[list(VISIBILITY_COLUMNS)] = visibility(scene, position_m)
    return table[list(LABEL_COLUMNS)]


def trajectory_table(
    scene: SceneSpec, clip_ids: Sequence[str], position_m: np.ndarray, velocity_m_s: np.ndarray
) -> pd.DataFrame:
    """Lay out states [n, T, 3] as one row per clip and frame with `TRAJECTORY_COLUMNS`."""
    clips, frames, _ = position_m.shape
    states = np.concatenate([position_m, velocity_m_s, project(scene, position_m)], axis=-1)
    table = pd.DataFrame(states.reshape(clips * frames, 8), columns=list(TRAJECTORY_COLUMNS[2:]))
    table.insert(0, "clip_id", np.repeat(np.asarray(clip_ids, dtype=object), frames))
    table.insert(1, "frame", np.tile(np.arange(frames), clips))
    return table
