"""Where the ball is in the picture, and which part of the picture it can change.

The camera hangs over the origin of the floor (z = 0) and looks straight down. World: x right,
y up in the picture, z towards the camera, metres. Image: continuous pixel coordinates, x right,
y DOWN; (0, 0) is the top left corner of the frame, so that the middle of the frame is
(resolution / 2, resolution / 2) and the pixel in row i and column j has its centre at
(j + 0.5, i + 0.5).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from pez.clips.colour import lit_srgb
from pez.clips.spec import SceneSpec

SUN_ANGLE_RAD = 0.00918  # angular diameter of the sun seen from the Earth, Blender's default
FILTER_MARGIN_PX = 1.5  # width of Cycles' pixel filter (Blackman-Harris), twice what it reaches


class Region(NamedTuple):
    """A rectangle of pixels: columns left..right-1 of rows top..bottom-1."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the rectangle in an array [H, W, ...]."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


def pixels_per_metre(scene: SceneSpec, height_m: np.ndarray | float) -> np.ndarray:
    """Scale of the picture for points ``height_m`` above the floor, pixels per metre."""
    on_floor = scene.resolution / scene.view_m
    return on_floor * scene.camera_height_m / (scene.camera_height_m - np.asarray(height_m))


def project(scene: SceneSpec, position_m: np.ndarray) -> np.ndarray:
    """Project world points [..., 3] in metres to image points [..., 2] in pixels."""
    position_m = np.asarray(position_m, dtype=np.float64)
    scale = pixels_per_metre(scene, position_m[..., 2])[..., None]
    return scene.resolution / 2 + scale * position_m[..., :2] * (1.0, -1.0)


def silhouette(scene: SceneSpec, position_m: np.ndarray) -> np.ndarray:
    """Bounding box of the ball's outline in the picture, pixels, not clipped.

    In perspective the outline of a sphere is an ellipse; its extent along an axis is that of the
    two tangents from the camera in the plane of that axis and z, hence exact.

    Args:
        scene: the camera and the ball's radius.
        position_m: centres [..., 3], metres.

    Returns:
        Boxes [..., 4]: left, top, right, bottom.
    """
    position_m = np.asarray(position_m, dtype=np.float64)
    across = position_m[..., :2] * (1.0, -1.0)
    depth = scene.camera_height_m - position_m[..., 2:]
    middle = np.arctan2(across, depth)
    half = np.arcsin(scene.ball_radius_m / np.hypot(across, depth))
    focal_px = scene.camera_height_m * scene.resolution / scene.view_m
    low, high = np.tan(middle - half), np.tan(middle + half)
    return scene.resolution / 2 + focal_px * np.concatenate([low, high], axis=-1)


def wholly_in_view(scene: SceneSpec, position_m: np.ndarray) -> np.ndarray:
    """Tell for ball centres [..., 3] whether the whole outline lies inside the frame."""
    box = silhouette(scene, position_m)
    return np.all(box[..., :2] >= 0, axis=-1) & np.all(box[..., 2:] <= scene.resolution, axis=-1)


def wholly_out_of_view(scene: SceneSpec, position_m: np.ndarray) -> np.ndarray:
    """Tell for ball centres [..., 3] whether no part of the ball lies inside the frame.

    Of the ball itself: its shadow may still fall into the picture. The frame is a pyramid of rays
    (u, v, 1) from the camera, u and v between -edge and edge. Of its rays, the one nearest in angle
    to a centre outside lies on a side that faces the centre; the ball is seen if it reaches it.
    """
    position_m = np.asarray(position_m, dtype=np.float64)
    across = np.abs(position_m[..., :2])  # the frame is symmetric: one quadrant is enough
    depth = scene.camera_height_m - position_m[..., 2]
    distance = np.sqrt((across**2).sum(axis=-1) + depth**2)
    edge = scene.view_m / (2 * scene.camera_height_m)
    cosines = []
    for towards, along in np.moveaxis(across[..., [[0, 1], [1, 0]]], (-2, -1), (0, 1)):
        v = np.minimum(along * (1 + edge**2) / (towards * edge + depth), edge)
        product = towards * edge + along * v + depth
        cosines.append(product / (np.sqrt(edge**2 + v**2 + 1) * distance))
    reaches = np.maximum(*cosines) >= np.sqrt(1 - (scene.ball_radius_m / distance) ** 2)
    return ~reaches & np.any(across > edge * depth[..., None], axis=-1)


@lru_cache
def contact_shade_radius(scene: SceneSpec) -> float:
    """Distance from the point of contact beyond which the ball dims the floor by < 1/2 grey level.

    The ball hides a share (r / D)^2 (z / D) of the ambient light from a floor point at distance D
    from its centre (form factor of a sphere seen from a horizontal surface; z = r, it lies on the
    floor). This falls off for ever, so the region that is rendered anew must end somewhere: where
    the 8-bit value cannot move by as much as rounding moves it. Metres, along the floor.
    """
    radius = scene.ball_radius_m
    distance = np.linspace(0, 64 * radius, 6401)
    hidden = (radius / np.hypot(distance, radius)) ** 3
    colour = np.asarray(scene.floor_colour)[:, None]
    full, dimmed = scene.light_intensity + scene.ambient, scene.ambient * hidden
    before = lit_srgb(colour, full)
    change = np.max(before - lit_srgb(colour, full - dimmed), axis=0)
    return float(distance[change >= 0.5 / 255].max(initial=0.0))


def shadow_box(scene: SceneSpec, position_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounding box (lower, upper corner [2], metres) of the ball's shadow, penumbra included.

    The shadow is the sphere projected along the light, an ellipse; the sun's disc widens it.
    """
    x, y, z = position_m
    slope = np.asarray(scene.light_direction[:2]) / -scene.light_direction[2]
    radius = scene.ball_radius_m
    fall = (z + radius) * (1 + slope @ slope)  # longest way from ball to shadow, over its cosine
    half = radius * np.sqrt(1 + slope**2) + fall * np.tan(SUN_ANGLE_RAD / 2)
    centre = np.array([x, y]) + z * slope
    return centre - half, centre + half


def changed_region(scene: SceneSpec, position_m: np.ndarray) -> Region | None:
    """Pixels that the ball at ``position_m`` [3] can change: itself, its shadow, its contact shade.

    Returns:
        The smallest rectangle holding all three, clipped to the frame; None when it lies outside.
    """
    box = silhouette(scene, position_m)
    low, high = shadow_box(scene, position_m)
    contact = np.asarray(position_m[:2], dtype=np.float64)
    shade = contact_shade_radius(scene)
    low, high = np.minimum(low, contact - shade), np.maximum(high, contact + shade)
    # y points down in the picture, so the upper corner in the world gives the top
    left, bottom = project(scene, np.array([*low, 0.0]))
    right, top = project(scene, np.array([*high, 0.0]))
    points = np.array([box[:2], box[2:], (left, top), (right, bottom)])
    return enclosing_region(points, scene.resolution)


def enclosing_region(points_px: np.ndarray, resolution: int) -> Region | None:
    """Smallest rectangle of pixels that what lies between image points [n, 2] can change.

    Clipped to the frame; None when it lies outside.
    """
    start = np.floor(points_px.min(axis=0) - FILTER_MARGIN_PX).astype(int).clip(0, resolution)
    stop = np.ceil(points_px.max(axis=0) + FILTER_MARGIN_PX).astype(int).clip(0, resolution)
    if np.any(start >= stop):
        return None
    return Region(int(start[0]), int(start[1]), int(stop[0]), int(stop[1]))
