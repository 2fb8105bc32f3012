"""How the objects of a clip move, from PyBullet."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pez.intphys.mini_stage import physics_steps
from pez.objects.scene import Thing
from pez.objects.spec import ObjectsSpec
from pez.objects.stage import Cylinder, build_stage

from kubric.simulator import PyBullet  # isort: skip  (after pez.clips.scene, which quiets TensorFlow)
from kubric.simulator.pybullet import register_physical_object_setters, wxyz2xyzw, xyzw2wxyz  # isort: skip
import pybullet  # isort: skip  (after Kubric, which swallows PyBullet's banner)


@dataclass(frozen=True)
class Motion:
    """States of the objects of a clip at every frame, as the engine has them.

    Attributes:
        position_m: centres, float64 [objects, T, 3].
        quaternion: turn from their own axes, w first, [objects, T, 4].
        velocity_m_s: [objects, T, 3].
        collided: whether it has touched another since the frame before, bool [objects, T].
    """

    position_m: np.ndarray
    quaternion: np.ndarray
    velocity_m_s: np.ndarray
    collided: np.ndarray


@PyBullet.add_asset.register(Cylinder)
def _add_cylinder(self: PyBullet, cylinder: Cylinder) -> int:
    client, (radius, _, half) = self._physics_client, cylinder.scale
    shape = client.createCollisionShape(
        pybullet.GEOM_CYLINDER, radius=float(radius), height=2 * float(half)
    )
    body = client.createMultiBody(
        cylinder.mass, shape, -1, cylinder.position, wxyz2xyzw(cylinder.quaternion),
        useMaximalCoordinates=True,
    )  # fmt: skip
    register_physical_object_setters(cylinder, body, client)
    return int(body)


def simulate(spec: ObjectsSpec, things: list[Thing]) -> Motion:
    """Let ``things`` go: they slide, are slowed by the floor, and hit one another."""
    stage = build_stage(spec, things)
    simulator = PyBullet(stage.scene)
    client = simulator._physics_client
    bodies = [thing.linked_objects[simulator] for thing in stage.things]
    steps = physics_steps(spec.frames_per_second)
    client.setTimeStep(1.0 / (steps * spec.frames_per_second))
    for body in bodies:
        # without Bullet's default damping of 4 % a second
        client.changeDynamics(body, -1, linearDamping=0.0, angularDamping=0.0)
    shape = len(things), spec.frames
    motion = Motion(
        np.empty((*shape, 3)), np.empty((*shape, 4)), np.empty((*shape, 3)), np.zeros(shape, bool)
    )
    for frame in range(spec.frames):
        for _ in range(steps if frame else 0):
            client.stepSimulation()
            motion.collided[:, frame] |= _touching(client, bodies)
        for number, body in enumerate(bodies):
            position, turn = client.getBasePositionAndOrientation(body)
            motion.position_m[number, frame] = position
            motion.quaternion[number, frame] = xyzw2wxyz(turn)
            motion.velocity_m_s[number, frame] = client.getBaseVelocity(body)[0]
    return motion


def _touching(client: Any, bodies: list[int]) -> np.ndarray:
    """Which bodies touch another of ``bodies``, bool [objects]."""
    found = dict.fromkeys(bodies, False)
    for contact in client.getContactPoints() or ():
        one, two, distance = contact[1], contact[2], contact[8]
        if one in found and two in found and distance <= 0:
            found[one] = found[two] = True
    return np.array(list(found.values()))
