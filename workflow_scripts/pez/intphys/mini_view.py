"""Where things of a generated scene are in the picture, what hides them, what they can change.

Image: continuous pixel coordinates, x right, y down, (0, 0) the top left corner of the frame.
The light is one sun; what it does not reach glows faintly in its own colour. So an object changes
the picture where it is seen and where its shadow falls on the floor, and nowhere else. Both are
inside the outline of the corners of its box and of the corners' shadows: that is tested here.
"""

import numpy as np

from pez.intphys.mini_scene import PANEL_HALF_THICKNESS_M, Actor, Camera, MiniScene, Panel, Point

CORNERS = np.array(np.meshgrid((-1, 1), (-1, 1), (-1, 1))).reshape(3, 8).T
HIDING_MARGIN_PX = 2.0  # inside the panel's edge: more than the pixel filter reaches


def project(camera: Camera, resolution: int, points_m: np.ndarray) -> np.ndarray:
    """Project world points [..., 3] in metres to image points [..., 2] in pixels."""
    forward = np.subtract(camera.look_at_m, camera.position_m)
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    offset = np.asarray(points_m, np.float64) - camera.position_m
    scale = resolution / 2 / camera.half_view / (offset @ forward)
    return resolution / 2 + scale[..., None] * np.stack([offset @ right, -(offset @ up)], axis=-1)


def with_shadow(sun_direction: Point, points_m: np.ndarray) -> np.ndarray:
    """Add to ``points_m`` [n, 3] (z >= 0) their shadows on the floor: [2 n, 3]."""
    direction = np.asarray(sun_direction)
    fall = points_m[:, 2:] / -direction[2]
    return np.concatenate([points_m, points_m + fall * direction])


def actor_outline(
    scene: MiniScene, resolution: int, actor: Actor, position_m: np.ndarray
) -> np.ndarray:
    """Image points [16, 2] whose convex hull holds the actor at ``position_m`` and its shadow."""
    cosine, sine = np.cos(actor.yaw_rad), np.sin(actor.yaw_rad)
    turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    corners = position_m + (CORNERS * actor.half_size_m) @ turn.T
    corners[:, 2] = corners[:, 2].clip(0.0)
    return project(scene.camera, resolution, with_shadow(scene.sun_direction, corners))


def panel_outline(scene: MiniScene, resolution: int, panel: Panel) -> np.ndarray:
    """Image points [16, 2] whose convex hull holds the raised panel and its shadow."""
    half = panel.half_width_m, PANEL_HALF_THICKNESS_M, panel.height_m / 2
    corners = (panel.x_m, 0.0, half[2]) + CORNERS * half
    return project(scene.camera, resolution, with_shadow(scene.sun_direction, corners))


def panel_face(scene: MiniScene, resolution: int, panel: Panel, lift: float) -> np.ndarray:
    """Corners [4, 2] of the side of the panel that faces the camera, clockwise in the picture."""
    left, right = panel.x_m - panel.half_width_m, panel.x_m + panel.half_width_m
    y, top = -PANEL_HALF_THICKNESS_M, lift * panel.height_m
    corners = [(left, y, top), (right, y, top), (right, y, 0.0), (left, y, 0.0)]
    return project(scene.camera, resolution, np.array(corners))


def inside(face: np.ndarray, points: np.ndarray, margin_px: float) -> np.ndarray:
    """Tell for ``points`` [n, 2] whether they lie ``margin_px`` inside the clockwise ``face``."""
    edges = np.roll(face, -1, axis=0) - face
    lengths = np.linalg.norm(edges, axis=1)
    if lengths.min() == 0.0:  # a panel in the floor hides nothing
        return np.zeros(len(points), bool)
    offset = points[:, None] - face
    distance = (edges[:, 0] * offset[..., 1] - edges[:, 1] * offset[..., 0]) / lengths
    return np.all(distance >= margin_px, axis=1)


def hidden(
    scene: MiniScene, resolution: int, actor: Actor, position_m: np.ndarray, lift: float
) -> bool:
    """Tell whether one panel hides the whole actor and its whole shadow."""
    outline = actor_outline(scene, resolution, actor, position_m)
    return any(
        inside(panel_face(scene, resolution, panel, lift), outline, HIDING_MARGIN_PX).all()
        for panel in scene.panels
    )


def seen(scene: MiniScene, resolution: int, position_m: np.ndarray, lift: float) -> bool:
    """Tell whether the middle of the actor is in the frame and no panel is before it."""
    middle = project(scene.camera, resolution, position_m[None])
    covered = any(
        inside(panel_face(scene, resolution, panel, lift), middle, 0.0)[0] for panel in scene.panels
    )
    return bool(np.all((middle >= 0) & (middle <= resolution))) and not covered
