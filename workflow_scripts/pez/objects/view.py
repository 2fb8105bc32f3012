"""Where the objects of a clip are in the picture, and which part of it they can change.

Image: continuous pixel coordinates, x right, y down. The light is one sun, and what it does not
reach glows faintly in its own colour: an object changes the picture where it is seen and where its
shadow falls, and nowhere else (see `pez.intphys.mini_view`).
"""

import numpy as np

from pez.intphys.mini_view import CORNERS, project, with_shadow
from pez.objects.scene import SUN_DIRECTION, camera_of
from pez.objects.spec import ObjectsSpec

_INSTANT_S = 1e-4  # over which the picture's velocity is taken


def turned(quaternion: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Turn ``points`` [n, 3] by ``quaternion`` [4], w first."""
    w, axis = quaternion[0], np.asarray(quaternion[1:])
    across = np.cross(axis, points)
    return points + 2 * (w * across + np.cross(axis, across))


def outline(
    spec: ObjectsSpec, half_size_m: np.ndarray, position_m: np.ndarray, quaternion: np.ndarray
) -> np.ndarray:
    """Image points [16, 2] whose convex hull holds an object and its shadow on the floor."""
    corners = position_m + turned(quaternion, CORNERS * half_size_m)
    corners[:, 2] = corners[:, 2].clip(0.0)
    return project(camera_of(spec.camera), spec.resolution, with_shadow(SUN_DIRECTION, corners))


def in_picture(
    spec: ObjectsSpec, position_m: np.ndarray, velocity_m_s: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where centres [..., 3] are in the picture, in pixels, and how they move, in pixels a frame.

    Returns:
        Two arrays [..., 2].
    """
    camera, side = camera_of(spec.camera), spec.resolution
    step = velocity_m_s * _INSTANT_S
    moved = project(camera, side, position_m + step) - project(camera, side, position_m - step)
    velocity = moved / (2 * _INSTANT_S * spec.frames_per_second)
    return project(camera, side, position_m), velocity + 0.0  # no -0.0 of what is at rest


def in_view(spec: ObjectsSpec, place_px: np.ndarray) -> np.ndarray:
    """Whether image points [..., 2] lie in the frame."""
    inside = (place_px >= 0) & (place_px <= spec.resolution)
    return np.asarray(inside.all(axis=-1))
