"""Where the ball is on the grid of patches."""

import numpy as np
import pandas as pd
import pytest

from pez.clips.geometry import project, silhouette
from pez.clips.labels import trajectory_table
from pez.clips.spec import SceneSpec
from pez.encoders.family import Grid
from pez.inside.patches.track import Track, patches_of, track_of

GRID = Grid(8, 16, 16)
SCENE = SceneSpec()


def rolling(start: tuple[float, float], speed: tuple[float, float], frames: int = 16) -> np.ndarray:
    """Positions [1, T, 3] in metres."""
    time = np.arange(frames)[:, None] / 24
    flat = np.array(start) + time * np.array(speed)
    return np.concatenate([flat, np.full((frames, 1), SCENE.ball_radius_m)], axis=1)[None]


def track(*positions: np.ndarray) -> Track:
    position = np.concatenate(positions)
    ids = [f"clip_{number}" for number in range(len(position))]
    table = trajectory_table(SCENE, ids, position, np.zeros_like(position))
    return track_of(table, len(position), SCENE.resolution, GRID)


def test_centre_and_size_are_those_of_the_picture() -> None:
    position = rolling((0.5, -1.0), (3.0, 1.0))
    found = track(position)
    np.testing.assert_allclose(found.centre, project(SCENE, position) / 16, rtol=1e-9)
    box = silhouette(SCENE, position)
    np.testing.assert_allclose(2 * found.radius * 16, box[..., 2] - box[..., 0], rtol=0.04)


def test_the_cover_of_all_patches_is_the_area_of_the_ball() -> None:
    found = track(rolling((0.3, 0.2), (1.0, -2.0)))
    area = np.pi * found.radius**2
    np.testing.assert_allclose(found.cover.sum(axis=-1), area, rtol=0.08)
    assert (found.touched >= (found.cover > 0)).all()


def test_a_ball_upwards_in_the_world_is_upwards_in_the_picture() -> None:
    found = track(rolling((-1.0, 1.0), (0.0, 0.5)))  # metres: y up
    clips = {side: bool(found.on_side(side, slice(None))[0]) for side in
             ("left", "right", "top", "bottom")}  # fmt: skip
    assert clips == {"left": True, "right": False, "top": True, "bottom": False}


def test_paths_that_cross_are_on_no_side_and_starts_are_on_one() -> None:
    found = track(rolling((-1.0, 1.0), (6.0, 0.0)))
    assert not found.on_side("left", slice(None))[0] and not found.on_side("right", slice(None))[0]
    assert found.on_side("left", slice(1))[0] and found.on_side("top", slice(None))[0]


def test_frames_without_the_ball_do_not_count() -> None:
    found = track(rolling((2.0, 0.0), (9.0, 0.0)))
    assert found.in_view[0, 0] and not found.in_view[0, -1]
    edge = 8 * 16 + 15  # the last patch of a middle row, which the ball passes
    assert found.distance[0, edge] < 1
    seen = found.centre[0, found.in_view[0]]
    corner = np.hypot(*(seen - 0.5).T).min()
    assert found.distance[0, 0] == pytest.approx(corner)


def test_distance_is_that_to_the_nearest_frame() -> None:
    found = track(rolling((-2.0, 0.0), (0.1, 0.0)))
    middle = np.array([16 * 8 + 4])  # half a metre below the path's beginning, about
    expected = np.hypot(*(found.centre[0] - (4.5, 8.5)).T).min()
    assert found.distance[0, middle] == pytest.approx(expected)


def test_halves_of_the_frame() -> None:
    left, right, top = (patches_of(side, GRID) for side in ("left", "right", "top"))
    assert left.sum() == right.sum() == top.sum() == 128 and not (left & right).any()
    assert left.reshape(16, 16)[:, :8].all() and top.reshape(16, 16)[:8].all()
    odd = Grid(8, 3, 3)
    assert patches_of("left", odd).sum() == patches_of("bottom", odd).sum() == 3


def test_rows_are_of_whole_clips() -> None:
    position = np.concatenate([rolling((0.0, 0.0), (1.0, 0.0)), rolling((1.0, 1.0), (0.0, 1.0))])
    table = trajectory_table(SCENE, ["a", "b"], position, np.zeros_like(position))
    found = track_of(pd.DataFrame(table), 2, SCENE.resolution, GRID)
    assert found.centre.shape == (2, 16, 2)
    np.testing.assert_allclose(found.centre[1, 0], project(SCENE, position[1, 0]) / 16)
