"""Simulate a whole dataset and write its labels and trajectories."""

from pathlib import Path

import numpy as np

from pez.clips.labels import design, measure, trajectory_table
from pez.clips.physics import BallEngine
from pez.clips.spec import BallDatasetSpec, SceneSpec
from pez.clips.visibility import check_in_view
from pez.runtime.identity import Identity
from pez.runtime.progress import progress
from pez.runtime.tables import write_table


def simulate_dataset(
    name: str,
    scene: SceneSpec,
    dataset: BallDatasetSpec,
    labels_path: Path | str,
    trajectories_path: Path | str,
) -> None:
    """Simulate every clip of ``dataset`` and write one table of clips and one of frames.

    Raises:
        PezError: a ball left the floor, or most clips end with the ball out of the picture and
            ``dataset`` does not allow it.
        ArtifactError: the disk is full.
    """
    plan = design(name, dataset)
    starts = plan[["start_x_m", "start_y_m"]].to_numpy()
    velocities = plan[["vx_m_s", "vy_m_s"]].to_numpy()
    accelerations = plan[["ax_m_s2", "ay_m_s2"]].to_numpy()
    engine = BallEngine(scene)
    trajectories = [
        engine.simulate(start, velocity, acceleration)
        for start, velocity, acceleration in zip(
            progress(starts, f"simulate {name}", unit="clip"),
            velocities,
            accelerations,
            strict=True,
        )
    ]
    position = np.stack([trajectory.position_m for trajectory in trajectories])
    velocity = np.stack([trajectory.velocity_m_s for trajectory in trajectories])
    labels = measure(scene, dataset, plan, position, velocity)
    check_in_view(name, scene, dataset, labels)
    clip_ids = list(plan["clip_id"])
    identity = Identity(
        dataset=name,
        clip_ids=clip_ids,
        frame_shape=[scene.frames, scene.resolution, scene.resolution],
    )
    trajectories_table = trajectory_table(scene, clip_ids, position, velocity)
    source = write_table(trajectories_path, trajectories_table, identity.metadata())
    write_table(labels_path, labels, identity.metadata() | {"source": source})
