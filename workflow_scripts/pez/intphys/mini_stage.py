"""The stage of a generated scene as Kubric describes it, for PyBullet and for Blender."""

import math
from dataclasses import dataclass
from typing import Any

from pez.clips.colour import linear_from_srgb
from pez.clips.scene import GRAVITY_M_S2, SENSOR_MM, kb, matte
from pez.clips.spec import Colour
from pez.intphys.mini_scene import PANEL_HALF_THICKNESS_M, Actor, Camera, MiniScene, Point
from pez.intphys.spec import MiniSpec

PHYSICS_HZ = 240
FLOOR_HALF_SIZE_M = 40.0
SUN_LIGHT = 0.75  # share of its colour that a surface facing the sun shows, beside its glow


class Cone(kb.PhysicalObject):
    """Cone with radius, and half its height, of ``scale``; its origin halfway up the axis."""


@dataclass(frozen=True)
class Stage:
    """The Kubric scene and those of its assets that are changed later."""

    scene: Any
    actors: tuple[Any, ...]  # as in MiniScene.play
    panels: tuple[Any, ...]
    floor: Any


def physics_steps(frames_per_second: int) -> int:
    """Steps of the engine between two frames: as many as make it at least 240 a second."""
    return math.ceil(PHYSICS_HZ / frames_per_second)


def empty_scene(frames: int, frames_per_second: int, resolution: int, wall_colour: Colour) -> Any:
    """A Kubric scene without assets, light from all around, or camera; ``resolution`` in pixels."""
    return kb.Scene(
        frame_start=0,
        frame_end=frames - 1,
        frame_rate=frames_per_second,
        step_rate=physics_steps(frames_per_second) * frames_per_second,
        resolution=(resolution, resolution),
        gravity=(0.0, 0.0, -GRAVITY_M_S2),
        ambient_illumination=kb.Color(0.0, 0.0, 0.0, 1.0),
        background=linear_colour(wall_colour),
    )


def build_stage(spec: MiniSpec, drawn: MiniScene) -> Stage:
    """Describe ``drawn`` to Kubric: panels raised, every actor at the start of its passage.

    The panels are stage machinery: they stand before the lane, are touched by nothing, and take
    no part in the simulation.
    """
    scene = empty_scene(spec.frames, spec.frames_per_second, spec.resolution, drawn.wall_colour)
    floor = kb.Cube(
        name="floor", static=True, friction=0.0, restitution=0.0,
        scale=(FLOOR_HALF_SIZE_M, FLOOR_HALF_SIZE_M, 1.0), position=(0.0, 0.0, -1.0),
        material=matte(drawn.floor.colours[0]),
    )  # fmt: skip
    actors = tuple(_actor(actor, drawn.actor_colour, spec) for actor in drawn.play)
    panels = tuple(
        kb.Cube(
            name="panel", static=True, position=(panel.x_m, 0.0, panel.height_m / 2),
            scale=(panel.half_width_m, PANEL_HALF_THICKNESS_M, panel.height_m / 2),
            material=matte(panel.colour),
        )
        for panel in drawn.panels
    )  # fmt: skip
    for asset in (floor, *actors, *panels, sunlight(drawn.sun_direction)):
        scene += asset
    scene.camera = perspective(drawn.camera)
    return Stage(scene, actors, panels, floor)


def _actor(actor: Actor, colour: Colour, spec: MiniSpec) -> Any:
    kind = {"sphere": kb.Sphere, "cube": kb.Cube, "cone": Cone}[actor.shape]
    return kind(
        name=actor.shape, mass=1.0, friction=0.0, restitution=0.0, scale=actor.half_size_m,
        position=(actor.start_x_m, actor.lane_y_m, actor.half_size_m[2]),
        quaternion=(math.cos(actor.yaw_rad / 2), 0.0, 0.0, math.sin(actor.yaw_rad / 2)),
        velocity=(actor.step_m * spec.frames_per_second, 0.0, 0.0),
        material=matte(colour),
    )  # fmt: skip


def perspective(camera: Camera) -> Any:
    """The camera as Kubric describes it."""
    return kb.PerspectiveCamera(
        name="camera", position=camera.position_m, look_at=camera.look_at_m,
        sensor_width=SENSOR_MM, focal_length=SENSOR_MM / 2 / camera.half_view,
    )  # fmt: skip


def sunlight(direction: Point) -> Any:
    """Light from one direction: a surface that faces it shows `SUN_LIGHT` of its colour."""
    # A diffuse surface of albedo a that faces sunlight E (W/m2) has radiance a E / pi
    return kb.DirectionalLight(
        name="sun", position=tuple(-value for value in direction), look_at=(0.0, 0.0, 0.0),
        intensity=SUN_LIGHT * math.pi,
    )  # fmt: skip


def linear_colour(colour: Colour) -> Any:
    """An sRGB colour as Kubric takes it."""
    red, green, blue = linear_from_srgb(colour).tolist()
    return kb.Color(red, green, blue, 1.0)
