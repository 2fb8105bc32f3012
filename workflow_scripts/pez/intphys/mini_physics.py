"""The passages of a generated scene, from PyBullet."""

import numpy as np

from pez.intphys.mini_scene import MiniScene
from pez.intphys.mini_stage import Cone, build_stage, physics_steps
from pez.intphys.spec import MiniSpec
from pez.runtime.errors import PezError

from kubric.simulator import PyBullet  # isort: skip  (after pez.clips.scene, which quiets TensorFlow)
from kubric.simulator.pybullet import register_physical_object_setters, wxyz2xyzw  # isort: skip
import pybullet  # isort: skip  (after Kubric, which swallows PyBullet's banner)

HULL_SIDES = 32  # of the cone's base
TOLERANCE_M = 0.01  # off the lane or the floor; a fortieth of the smallest object


@PyBullet.add_asset.register(Cone)
def _add_cone(self: PyBullet, cone: Cone) -> int:
    angle = np.linspace(0, 2 * np.pi, HULL_SIDES, endpoint=False)
    base = np.stack([np.cos(angle), np.sin(angle), -np.ones(HULL_SIDES)], axis=1)
    hull = np.concatenate([base, [[0.0, 0.0, 1.0]]]) * np.asarray(cone.scale)
    client = self._physics_client
    shape = client.createCollisionShape(pybullet.GEOM_MESH, vertices=hull.tolist())
    body = client.createMultiBody(
        cone.mass, shape, -1, cone.position, wxyz2xyzw(cone.quaternion), useMaximalCoordinates=True
    )
    register_physical_object_setters(cone, body, client)
    return int(body)


def simulate(spec: MiniSpec, drawn: MiniScene) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Let the actors of A and B slide; each in a world of its own, without the other.

    Returns:
        For A and B the centres at every frame, float64 [T, 3] in metres; None: no actor.

    Raises:
        PezError: an object leaves its lane, lifts off or tips over.
    """
    one, two = (
        None if actor is None else _slide(spec, drawn, drawn.play.index(actor))
        for actor in drawn.actors
    )
    return one, two


def _slide(spec: MiniSpec, drawn: MiniScene, index: int) -> np.ndarray:
    stage = build_stage(spec, drawn)
    for panel in stage.panels:
        stage.scene.remove(panel)
    for other in stage.actors[:index] + stage.actors[index + 1 :]:
        stage.scene.remove(other)
    simulator = PyBullet(stage.scene)
    client, body = simulator._physics_client, stage.actors[index].linked_objects[simulator]
    steps = physics_steps(spec.frames_per_second)
    client.setTimeStep(1.0 / (steps * spec.frames_per_second))
    # without Bullet's default damping of 4 % a second
    client.changeDynamics(body, -1, linearDamping=0.0, angularDamping=0.0)
    positions, turns = [], []
    for frame in range(spec.frames):
        for _ in range(steps if frame else 0):
            client.stepSimulation()
        position, turn = client.getBasePositionAndOrientation(body)
        positions.append(position)
        turns.append(turn)
    _check(drawn, index, np.array(positions), np.array(turns))
    return np.array(positions)


def _check(drawn: MiniScene, index: int, positions: np.ndarray, turns: np.ndarray) -> None:
    """Insist on a level passage: what is rendered keeps the turn of the start."""
    actor = drawn.play[index]
    drift = np.abs(positions[:, 1:] - (actor.lane_y_m, actor.half_size_m[2])).max()
    turned = 2 * np.arccos(np.abs(turns @ turns[0]).clip(max=1.0).min())
    if drift > TOLERANCE_M or turned > 0.01:
        raise PezError(
            f"a {actor.shape} of a generated {drawn.block} scene strays {drift:.3f} m and turns "
            f"{turned:.3f} rad on its way: set frames_per_second or frames of the dataset so that "
            "the objects move more slowly."
        )
