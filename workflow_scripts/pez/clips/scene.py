"""The Kubric scene: a floor, one ball, one directional light, a camera overhead.

One description feeds both of Kubric's views, the PyBullet engine and the Blender renderer.
"""

import math
import os
from typing import Any, NamedTuple

from pez.clips.colour import linear_from_srgb
from pez.clips.spec import Colour, SceneSpec

# Kubric imports TensorFlow for its file functions; keep its start-up notes out of the log
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import kubric as kb

# An 8 m floor, the paper's number taken literally, would let half of the 7 m/s balls fall off its
# edge; 8 m are what the camera sees of it.
FLOOR_HALF_SIZE_M = 100.0
FLOOR_HALF_THICKNESS_M = 1.0
GRAVITY_M_S2 = 10.0
SENSOR_MM = 36.0


class BallScene(NamedTuple):
    """The Kubric scene and those of its assets that are changed later."""

    scene: Any
    ball: Any
    sun: Any


def build_scene(spec: SceneSpec) -> BallScene:
    """Describe the scene of ``spec`` to Kubric, the ball lying still on the middle of the floor."""
    scene = kb.Scene(
        frame_start=0,
        frame_end=spec.frames - 1,
        frame_rate=spec.frames_per_second,
        step_rate=spec.physics_hz,
        resolution=(spec.resolution, spec.resolution),
        gravity=(0.0, 0.0, -GRAVITY_M_S2),
        ambient_illumination=kb.Color(spec.ambient, spec.ambient, spec.ambient, 1.0),
    )
    floor = kb.Cube(
        name="floor",
        scale=(FLOOR_HALF_SIZE_M, FLOOR_HALF_SIZE_M, FLOOR_HALF_THICKNESS_M),
        position=(0.0, 0.0, -FLOOR_HALF_THICKNESS_M),
        static=True,
        friction=0.0,
        restitution=0.0,
        material=matte(spec.floor_colour),
    )
    ball = kb.Sphere(
        name="ball",
        scale=spec.ball_radius_m,
        position=(0.0, 0.0, spec.ball_radius_m),
        mass=spec.ball_mass_kg,
        friction=0.0,
        restitution=0.0,
        material=matte(spec.ball_colour),
    )
    scene += floor
    scene += ball
    sun = _sun(spec)
    scene += sun
    scene.camera = kb.PerspectiveCamera(
        name="camera",
        # without a rotation Kubric's camera looks down -z with y up: right for an overhead view
        position=(0.0, 0.0, spec.camera_height_m),
        sensor_width=SENSOR_MM,
        focal_length=SENSOR_MM * spec.camera_height_m / spec.view_m,
    )
    return BallScene(scene, ball, sun)


def matte(colour: Colour) -> Any:
    """Plain diffuse paint: in full light it shows exactly ``colour`` (sRGB)."""
    red, green, blue = linear_from_srgb(colour).tolist()
    return kb.PrincipledBSDFMaterial(
        color=kb.Color(red, green, blue, 1.0), roughness=1.0, specular=0.0
    )


def _sun(spec: SceneSpec) -> Any:
    # A diffuse surface of albedo a in sunlight E (W/m2, falling at angle t) has radiance
    # a E cos(t) / pi; with E as below that is a * light_intensity.
    x, y, z = spec.light_direction
    cosine = -z / (x * x + y * y + z * z) ** 0.5
    return kb.DirectionalLight(
        name="sun",
        position=(-x, -y, -z),
        look_at=(0.0, 0.0, 0.0),
        intensity=spec.light_intensity * math.pi / cosine,
    )
