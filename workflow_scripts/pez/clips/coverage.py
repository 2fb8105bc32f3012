"""Which pixels of a frame show the ball, or lie in its shadow: exact, from the geometry alone."""

import numpy as np
from numpy.typing import NDArray

from pez.clips.geometry import changed_region
from pez.clips.spec import SceneSpec


def covered_pixels(scene: SceneSpec, position_m: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Pixels whose middle shows the ball, or floor that the ball hides from the sun's middle.

    Args:
        scene: camera, ball, light.
        position_m: centre of the ball, [3], metres.

    Returns:
        bool [H, W]; none where the ball and its shadow lie outside the frame.
    """
    covered = np.zeros((scene.resolution, scene.resolution), bool)
    region = changed_region(scene, position_m)
    if region is None:
        return covered
    row, column = np.mgrid[region.slices] + 0.5
    scale = scene.view_m / scene.resolution
    across = (column - scene.resolution / 2) * scale
    upward = (scene.resolution / 2 - row) * scale
    floor = np.stack([across, upward, np.zeros_like(across)], axis=-1)
    camera = np.array([0.0, 0.0, scene.camera_height_m])
    light = np.asarray(scene.light_direction)
    seen = _near(position_m, floor, floor - camera, scene.ball_radius_m)
    shaded = _near(position_m, floor, np.broadcast_to(light, floor.shape), scene.ball_radius_m)
    covered[region.slices] = seen | shaded
    return covered


def _near(
    centre: NDArray[np.float64],
    point: NDArray[np.float64],
    along: NDArray[np.float64],
    reach: float,
) -> NDArray[np.bool_]:
    """Whether lines through ``point`` [..., 3] pass within ``reach`` of ``centre`` [3]."""
    away = np.linalg.norm(np.cross(centre - point, along), axis=-1)
    return np.asarray(away <= reach * np.linalg.norm(along, axis=-1))
