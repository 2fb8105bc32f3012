"""The paper's two datasets, simulated whole by PyBullet, against the formula."""

import numpy as np
import pandas as pd
import pytest

from pez.clips.geometry import project, wholly_out_of_view
from pez.clips.labels import LABEL_COLUMNS, TRAJECTORY_COLUMNS
from pez.clips.physics import BallEngine
from pez.clips.scene import build_scene
from pez.clips.simulate import simulate_dataset
from pez.clips.spec import BallDatasetSpec, SceneSpec
from pez.runtime.errors import PezError

SCENE = SceneSpec()
DATASETS = {
    "velocity": BallDatasetSpec(motion="velocity", magnitudes=(1, 2, 3, 4, 5, 6, 7)),
    "acceleration": BallDatasetSpec(motion="acceleration", magnitudes=(2, 4, 6, 8, 10)),
}
TIME = np.arange(16) / 24


@pytest.fixture(scope="module", params=list(DATASETS))
def simulated(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    files = folder / "labels.parquet", folder / "trajectories.parquet"
    simulate_dataset(request.param, SCENE, DATASETS[request.param], *files)
    return request.param, pd.read_parquet(files[0]), pd.read_parquet(files[1])


def _by_clip(trajectories, *columns):
    return trajectories[list(columns)].to_numpy().reshape(-1, 16, len(columns))


def _design_vectors(name, labels):
    """Velocity and acceleration [n, 2] that the design asks for, from the index columns."""
    angle = labels["direction_index"].to_numpy() * np.pi / 4
    size = np.array(DATASETS[name].magnitudes)[labels["magnitude_index"]]
    vector = size[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    still = np.zeros_like(vector)
    return (vector, still) if name == "velocity" else (still, vector)


def test_columns_and_counts(simulated):
    name, labels, trajectories = simulated
    assert tuple(labels.columns) == LABEL_COLUMNS
    assert tuple(trajectories.columns) == TRAJECTORY_COLUMNS
    assert len(labels) == {"velocity": 392, "acceleration": 280}[name]
    assert len(trajectories) == 16 * len(labels)
    assert list(trajectories["clip_id"][::16]) == list(labels["clip_id"])


def test_positions_within_a_millimetre_of_the_formula(simulated):
    name, labels, trajectories = simulated
    velocity, acceleration = _design_vectors(name, labels)
    start = labels[["start_x_m", "start_y_m"]].to_numpy()
    expected = (
        start[:, None]
        + velocity[:, None] * TIME[:, None]
        + acceleration[:, None] * TIME[:, None] ** 2 / 2
    )
    position = _by_clip(trajectories, "x_m", "y_m", "z_m")
    assert np.abs(position[..., :2] - expected).max() < 1e-3
    assert np.abs(position[..., 2] - 0.3).max() < 1e-3


def test_velocities_are_those_of_the_same_moment_as_the_positions(simulated):
    name, labels, trajectories = simulated
    velocity, acceleration = _design_vectors(name, labels)
    expected = velocity[:, None] + acceleration[:, None] * TIME[:, None]
    measured = _by_clip(trajectories, "vx_m_s", "vy_m_s")
    assert np.abs(measured - expected).max() < 1e-4


def test_accelerations_within_1e_4_by_label_and_by_positions(simulated):
    name, labels, trajectories = simulated
    size = np.hypot(*_design_vectors(name, labels)[1].T)
    assert np.abs(labels["acceleration_m_s2"] - size).max() < 1e-4
    position = _by_clip(trajectories, "x_m", "y_m")
    second_difference = (position[:, 2:] - 2 * position[:, 1:-1] + position[:, :-2]) * 24**2
    by_position = np.hypot(*np.moveaxis(second_difference, -1, 0))
    assert np.abs(by_position - size[:, None]).max() < 1e-4


def test_directions_do_not_wrap(simulated):
    _, labels, _ = simulated
    expected = labels["direction_index"] * np.pi / 4
    assert np.abs(labels["direction_rad"] - expected).max() < 1e-6


def test_pixel_labels_are_the_first_steps_in_the_picture(simulated):
    name, labels, trajectories = simulated
    pixels = _by_clip(trajectories, "x_px", "y_px")
    np.testing.assert_array_equal(labels[["start_x_px", "start_y_px"]], pixels[:, 0])
    # finite differences at frame 0 of a parabola: v = (-3 p0 + 4 p1 - p2) / 2, a = p0 - 2 p1 + p2.
    # Bounded by the ball's settling on the floor by a tenth of a millimetre in its first frames.
    velocity = (-3 * pixels[:, 0] + 4 * pixels[:, 1] - pixels[:, 2]) / 2
    acceleration = pixels[:, 0] - 2 * pixels[:, 1] + pixels[:, 2]
    assert np.abs(labels[["vx_px", "vy_px"]] - velocity).to_numpy().max() < 5e-3
    assert np.abs(labels[["ax_px", "ay_px"]] - acceleration).to_numpy().max() < 5e-3
    up = labels["direction_index"] == 2
    assert (labels.loc[up, "vy_px" if name == "velocity" else "ay_px"] < 0).all()


def test_visibility_is_that_of_the_trajectory(simulated):
    name, labels, trajectories = simulated
    out = wholly_out_of_view(SCENE, _by_clip(trajectories, "x_m", "y_m", "z_m"))
    assert labels["frames_out_of_view"].tolist() == out.sum(axis=1).tolist()
    assert labels["in_view_at_end"].tolist() == (~out[:, 15]).tolist()
    assert labels["in_view_in_last_tubelet"].tolist() == (~(out[:, 14] & out[:, 15])).tolist()
    # The centres cross the line at which the outline leaves the picture, 4.203 m from the middle.
    ends = np.abs(_by_clip(trajectories, "x_m", "y_m")[:, -1]).max(axis=1)
    assert labels["in_view_at_end"].tolist() == (ends < 4.2031).tolist()
    by_speed = (~labels["in_view_at_end"]).groupby(labels["magnitude_index"]).sum().tolist()
    assert by_speed == {"velocity": [0, 0, 0, 1, 6, 18, 20], "acceleration": [0] * 5}[name]


def test_starts_are_uniform_and_drawn_afresh(simulated):
    _, labels, _ = simulated
    starts = labels[["start_x_m", "start_y_m"]].to_numpy()
    assert len(np.unique(starts, axis=0)) == len(labels)
    assert np.abs(starts).max() <= 2.0
    assert np.abs(starts.mean(axis=0)).max() < 0.2
    np.testing.assert_allclose(starts.std(axis=0), 2 / np.sqrt(3), atol=0.1)


def test_same_seed_same_bytes_and_a_clip_does_not_depend_on_those_before(tmp_path, simulated):
    name, labels, trajectories = simulated
    dataset = DATASETS[name].model_copy(update={"directions": 2, "starts": 2})
    for run in "ab":
        simulate_dataset(name, SCENE, dataset, tmp_path / f"{run}.labels", tmp_path / run)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a.labels").read_bytes() == (tmp_path / "b.labels").read_bytes()
    last = labels.iloc[-1]
    velocity, acceleration = (vectors[-1] for vectors in _design_vectors(name, labels))
    alone = BallEngine(SCENE).simulate(
        last[["start_x_m", "start_y_m"]].to_numpy(float), velocity, acceleration
    )
    np.testing.assert_array_equal(alone.position_m, _by_clip(trajectories, "x_m", "y_m", "z_m")[-1])


def test_other_rates_keep_to_the_formula():
    spec = SceneSpec(physics_hz=120, frames_per_second=12, frames=8)
    trajectory = BallEngine(spec).simulate(np.zeros(2), np.zeros(2), np.array([0.0, 5.0]))
    time = np.arange(8) / 12
    np.testing.assert_allclose(trajectory.position_m[:, 1], 2.5 * time**2, atol=1e-6)
    np.testing.assert_allclose(trajectory.velocity_m_s[:, 1], 5 * time, atol=1e-6)


def test_a_ball_that_leaves_the_floor_is_refused():
    with pytest.raises(PezError, match="left the floor"):
        BallEngine(SCENE).simulate(np.zeros(2), np.array([400.0, 0.0]), np.zeros(2))


def test_projection_is_that_of_kubrics_camera():
    scene = build_scene(SCENE).scene
    for point in ((1.0, 2.0, 0.3), (-3.0, 0.5, 0.0)):
        x, y, _ = scene.camera.project_point(np.array(point))
        np.testing.assert_allclose(project(SCENE, np.array(point)), [256 * x, 256 * y], atol=1e-3)
