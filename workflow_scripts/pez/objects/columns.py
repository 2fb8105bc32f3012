"""Columns of the tables of clips of several objects.

``labels.parquet`` has one row per clip: how many objects it holds, how many of them move at the
first frame, whether two ever touch, and the mean velocity in the picture of all of them, over all
frames. ``objects.parquet`` has one row for every clip, object and frame. Pixels: y down,
velocities in pixels per frame.
"""

LABEL_COLUMNS = (
    "clip_id", "dataset", "objects", "moving", "collided", "mean_vx_px", "mean_vy_px",
)  # fmt: skip
POSE_COLUMNS = ("x_m", "y_m", "z_m", "qw", "qx", "qy", "qz")
OBJECT_COLUMNS = (
    "clip_id", "object", "frame", "kind", "shape", "material", "colour",
    "half_x_m", "half_y_m", "half_z_m", *POSE_COLUMNS, "vx_m_s", "vy_m_s", "vz_m_s",
    "x_px", "y_px", "vx_px", "vy_px", "in_view", "collided",
)  # fmt: skip
