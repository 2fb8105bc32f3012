"""Simulate one ball per clip with PyBullet, through Kubric.

Bullet integrates by semi-implicit Euler: in every step first the velocity, then the position
with the new velocity. Under a constant force the positions then run ahead of the parabola
x0 + a t^2 / 2 by a t dt / 2, 13 mm after 15 frames at 10 m/s2 and 240 Hz. The cure is the usual
start of the leapfrog method: the first step gets half the force. From there on the engine's
velocities belong to the middle between two steps and its positions lie on the parabola, at the
same 240 Hz and with the same force in every later step.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pez.clips.scene import build_scene
from pez.clips.spec import SceneSpec
from pez.runtime.errors import PezError

from kubric.simulator import PyBullet  # isort: skip  (after pez.clips.scene, which quiets TensorFlow)
import pybullet  # isort: skip  (after Kubric, which swallows PyBullet's banner)


@dataclass(frozen=True)
class Trajectory:
    """States of one ball at every frame, as the engine has them: float64 arrays [T, 3]."""

    position_m: np.ndarray
    velocity_m_s: np.ndarray


@dataclass
class _PushedBall:
    """Kubric's Bullet client, with a constant force on one body before every step.

    Kubric's `PyBullet.run` steps the engine through this object, and Bullet forgets a force after
    one step; Kubric itself has no forces. Every attribute but `stepSimulation` is the client's.
    """

    client: Any
    body: int
    force_n: np.ndarray
    positions: list[Any] = field(default_factory=list)
    velocities: list[Any] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def stepSimulation(self) -> None:
        """Record the state, push, and step."""
        position, _ = self.client.getBasePositionAndOrientation(self.body)
        first = not self.positions
        self.positions.append(position)
        self.velocities.append(self.client.getBaseVelocity(self.body)[0])
        if self.force_n.any():
            force = self.force_n / 2 if first else self.force_n
            self.client.applyExternalForce(
                self.body, -1, force.tolist(), position, pybullet.WORLD_FRAME
            )
        self.client.stepSimulation()


class BallEngine:
    """PyBullet engine of the scene ``spec``; simulates clip after clip, each from its own start."""

    def __init__(self, spec: SceneSpec) -> None:
        self._spec = spec
        self._scene, self._ball, _ = build_scene(spec)
        self._simulator = PyBullet(self._scene)
        self._client = self._simulator._physics_client
        self._body = self._ball.linked_objects[self._simulator]
        # Kubric leaves Bullet's own 240 Hz, and Bullet's default damping of 4 % a second
        self._client.setTimeStep(1.0 / spec.physics_hz)
        self._client.changeDynamics(
            self._body, -1, linearDamping=0.0, angularDamping=0.0,
            rollingFriction=0.0, spinningFriction=0.0,
        )  # fmt: skip

    def simulate(
        self, start_m: np.ndarray, velocity_m_s: np.ndarray, acceleration_m_s2: np.ndarray
    ) -> Trajectory:
        """Let the ball go from ``start_m`` under the constant force mass x acceleration.

        Args:
            start_m: start on the floor plane, [2].
            velocity_m_s: velocity at frame 0, [2].
            acceleration_m_s2: constant acceleration, [2].

        Raises:
            PezError: the ball does not stay on the floor.
        """
        spec, ball = self._spec, self._ball
        ball.position = (*start_m, spec.ball_radius_m)
        ball.quaternion = (1.0, 0.0, 0.0, 0.0)
        ball.velocity = (*velocity_m_s, 0.0)
        ball.angular_velocity = (0.0, 0.0, 0.0)
        force = spec.ball_mass_kg * np.array([*acceleration_m_s2, 0.0])
        pushed = _PushedBall(self._client, self._body, force)
        self._simulator._physics_client = pushed
        try:
            self._simulator.run()
        finally:
            self._simulator._physics_client = self._client
        stride = spec.physics_hz // spec.frames_per_second
        trajectory = at_frames(np.array(pushed.positions), np.array(pushed.velocities), stride)
        _check_on_floor(spec, trajectory)
        return trajectory


def at_frames(positions: np.ndarray, velocities: np.ndarray, stride: int) -> Trajectory:
    """Pick every ``stride``-th of the engine's states [n, 3] and bring both halves to one time.

    The engine's velocity after step n is the one of the half step before it (see the module's
    docstring), so the velocity at step n is the mean of the engine's before and after. Step 0
    is the start itself.
    """
    synchronous = velocities.copy()
    synchronous[1:-1] = (velocities[1:-1] + velocities[2:]) / 2
    return Trajectory(positions[::stride].copy(), synchronous[::stride].copy())


def _check_on_floor(spec: SceneSpec, trajectory: Trajectory) -> None:
    height = trajectory.position_m[:, 2]
    if np.abs(height - spec.ball_radius_m).max() > 1e-3:
        raise PezError(
            f"the simulated ball left the floor (height of its centre {height.min():.3f} to "
            f"{height.max():.3f} m, radius {spec.ball_radius_m} m): check clips.scene and the "
            "magnitudes of the dataset in the configuration."
        )
