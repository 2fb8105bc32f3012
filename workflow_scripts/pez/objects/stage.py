"""The floor and the objects of a clip as Kubric describes them, for PyBullet and for Blender."""

import math
from dataclasses import dataclass
from typing import Any

from pez.clips.colour import linear_from_srgb
from pez.clips.scene import kb, matte
from pez.clips.spec import Colour
from pez.intphys.mini_stage import (
    FLOOR_HALF_SIZE_M,
    empty_scene,
    perspective,
    sunlight,
)
from pez.objects.kinds import COLOURS, Kind
from pez.objects.scene import SUN_DIRECTION, Thing, camera_of
from pez.objects.spec import ObjectsSpec

FLOOR_COLOUR: Colour = (0.62, 0.60, 0.57)
WALL_COLOUR: Colour = (0.72, 0.74, 0.76)
RESTITUTION = 0.8  # of an object; Bullet takes the product of both
ROUGHNESS = 0.25  # of glossy paint: the sun's reflection is a spot


class Cylinder(kb.PhysicalObject):
    """Upright cylinder with radius, and half its height, of ``scale``; its origin in its middle."""


@dataclass(frozen=True)
class Stage:
    """The Kubric scene and those of its assets that are changed later."""

    scene: Any
    floor: Any
    things: tuple[Any, ...]


def build_stage(spec: ObjectsSpec, things: list[Thing]) -> Stage:
    """Describe ``things`` to Kubric, as they are at the first frame."""
    scene = empty_scene(spec.frames, spec.frames_per_second, spec.resolution, WALL_COLOUR)
    floor = kb.Cube(
        # its friction is 1: Bullet takes the product of both
        name="floor", static=True, friction=1.0, restitution=0.0,
        scale=(FLOOR_HALF_SIZE_M, FLOOR_HALF_SIZE_M, 1.0), position=(0.0, 0.0, -1.0),
        material=matte(FLOOR_COLOUR),
    )  # fmt: skip
    found = tuple(_asset(thing, number, spec) for number, thing in enumerate(things))
    for asset in (floor, *found, sunlight(SUN_DIRECTION)):
        scene += asset
    scene.camera = perspective(camera_of(spec.camera))
    return Stage(scene, floor, found)


def _asset(thing: Thing, number: int, spec: ObjectsSpec) -> Any:
    kind = {"sphere": kb.Sphere, "cube": kb.Cube, "cylinder": Cylinder}[thing.kind.shape]
    return kind(
        name=f"{thing.kind.name}_{number}", mass=1.0, friction=spec.friction,
        restitution=RESTITUTION, scale=thing.half_size_m,
        position=(*thing.start_m, thing.half_size_m[2]),
        quaternion=(math.cos(thing.yaw_rad / 2), 0.0, 0.0, math.sin(thing.yaw_rad / 2)),
        velocity=(*thing.velocity_m_s, 0.0), material=_paint(thing.kind),
    )  # fmt: skip


def _paint(kind: Kind) -> Any:
    colour = COLOURS[kind.colour]
    if kind.material == "matte":
        return matte(colour)
    red, green, blue = linear_from_srgb(colour).tolist()
    return kb.PrincipledBSDFMaterial(
        color=kb.Color(red, green, blue, 1.0), roughness=ROUGHNESS, specular=1.0
    )
