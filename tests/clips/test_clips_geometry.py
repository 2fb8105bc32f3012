import numpy as np
import pytest

from pez.clips.colour import linear_from_srgb, lit_srgb
from pez.clips.geometry import (
    Region,
    changed_region,
    contact_shade_radius,
    project,
    shadow_box,
    silhouette,
    wholly_in_view,
    wholly_out_of_view,
)
from pez.clips.spec import SceneSpec

SCENE = SceneSpec()
RNG = np.random.default_rng(0)


def test_the_floor_square_fills_the_frame():
    corners = np.array([[-4.0, 4.0, 0.0], [4.0, -4.0, 0.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(project(SCENE, corners), [[0, 0], [256, 256], [128, 128]])


def test_right_in_the_world_is_right_in_the_picture_and_up_is_a_smaller_row():
    middle, right, up = project(SCENE, np.array([[0, 0, 0.3], [1, 0, 0.3], [0, 1, 0.3]]))
    np.testing.assert_allclose(right - middle, [32 * 10 / 9.7, 0], atol=1e-9)
    np.testing.assert_allclose(up - middle, [0, -32 * 10 / 9.7], atol=1e-9)


def test_silhouette_bounds_every_point_of_the_sphere_tightly():
    directions = RNG.normal(size=(200_000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    for x, y in ((0.0, 0.0), (2.5, -1.0), (-3.8, 3.8)):
        centre = np.array([x, y, 0.3])
        points = project(SCENE, centre + 0.3 * directions)
        expected = [*points.min(axis=0), *points.max(axis=0)]
        np.testing.assert_allclose(silhouette(SCENE, centre), expected, atol=0.01)


@pytest.mark.parametrize("light", [(0.3, 0.2, -1.0), (-1.5, 0.4, -0.5), (0.0, 0.0, -1.0)])
def test_region_holds_the_ball_and_its_whole_shadow(light):
    scene = SCENE.model_copy(update={"light_direction": light})
    directions = RNG.normal(size=(50_000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    for x, y in ((0.0, 0.0), (1.7, -2.1)):
        centre = np.array([x, y, 0.3])
        ball = centre + 0.3 * directions
        fallen = ball - ball[:, 2:] / light[2] * np.array(light)
        low, high = shadow_box(scene, centre)
        assert (low <= fallen[:, :2].min(axis=0)).all()
        assert (high >= fallen[:, :2].max(axis=0)).all()
        region = changed_region(scene, centre)
        assert region is not None
        for points in (project(scene, ball), project(scene, fallen)):
            inside = points.clip(0, 256)  # the region is clipped to the frame
            assert (inside >= (region.left, region.top)).all()
            assert (inside <= (region.right, region.bottom)).all()


def test_region_is_clipped_at_the_edge_and_none_beyond():
    assert changed_region(SCENE, np.array([4.0, 0.0, 0.3])).right == 256
    assert changed_region(SCENE, np.array([-4.0, 4.0, 0.3]))[:2] == (0, 0)
    assert changed_region(SCENE, np.array([6.0, 0.0, 0.3])) is None
    assert changed_region(SCENE, np.array([0.0, -6.0, 0.3])) is None


def test_a_ball_just_out_of_sight_still_throws_its_shadow_into_the_picture():
    scene = SCENE.model_copy(update={"light_direction": (2.0, 0.0, -1.0)})
    centre = np.array([-4.3, 0.0, 0.3])
    assert silhouette(scene, centre)[2] < 0
    assert changed_region(scene, centre) is not None


def test_contact_shade_follows_the_ambient_light():
    radii = [
        contact_shade_radius(SCENE.model_copy(update={"ambient": ambient}))
        for ambient in (0.0, 0.05, 0.1, 0.5)
    ]
    assert radii[0] == 0.0
    assert radii == sorted(radii)
    assert 0.5 < radii[2] < 0.8


def test_wholly_in_view():
    centres = np.array([[0, 0, 0.3], [3.5, 0, 0.3], [3.65, 0, 0.3], [0, -3.65, 0.3]])
    assert wholly_in_view(SCENE, centres).tolist() == [True, True, False, False]


def test_the_ball_is_out_of_view_just_beyond_the_edge_and_the_corner():
    edge, depth, radius = 0.4, 9.7, 0.3  # of the default scene: 4 m at 10 m, centre 0.3 m up
    beside = depth * edge + radius * np.hypot(1, edge)  # at distance r from the side's plane
    tilt = np.arctan(edge * np.sqrt(2))  # of the ray through the corner
    corner = depth * edge + radius / np.cos(tilt) / np.sqrt(2)
    hair = 1e-9
    for sign in (-1, 1):
        for out, by in ((False, -hair), (True, hair)):
            x = sign * (beside + by)
            centres = np.array([[x, 0, 0.3], [0, x, 0.3], [x, -3.7, 0.3], [3.7, x, 0.3]])
            assert wholly_out_of_view(SCENE, centres).tolist() == [out] * 4
            diagonal = (corner + by) * np.array([sign, 1.0])
            assert wholly_out_of_view(SCENE, np.array([*diagonal, 0.3])) == out
    # the bounding box of the outline still overlaps the frame there
    assert silhouette(SCENE, np.array([corner + hair, -corner - hair, 0.3]))[0] < SCENE.resolution


def test_a_ball_is_in_view_where_some_point_of_it_falls_into_the_frame():
    centres = np.column_stack([RNG.uniform(-5, 5, (400, 2)), np.full(400, 0.3)])
    directions = RNG.normal(size=(20_000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)

    def some_point_in_frame(radius):
        points = project(SCENE, centres[:, None] + radius * directions)
        return np.all((points >= 0) & (points <= SCENE.resolution), axis=-1).any(axis=1)

    seen = ~wholly_out_of_view(SCENE, centres)
    assert 0.5 < seen.mean() < 0.9
    assert (some_point_in_frame(0.99 * SCENE.ball_radius_m) <= seen).all()
    assert (seen <= some_point_in_frame(1.02 * SCENE.ball_radius_m)).all()


def test_region_slices_address_rows_then_columns():
    picture = np.zeros((8, 8))
    picture[Region(left=1, top=2, right=4, bottom=7).slices] = 1
    assert picture.sum() == 15
    assert picture[2, 1] == 1
    assert picture[1, 2] == 0


def test_srgb_round_trip_and_known_value():
    assert linear_from_srgb((0.5,))[0] == pytest.approx(0.21404, abs=1e-5)  # mid grey
    values = np.linspace(0, 1, 101)
    np.testing.assert_allclose(lit_srgb(values), values, atol=1e-6)
    assert lit_srgb(np.array([0.9]), 5.0)[0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"physics_hz": 250}, "no multiple of frames_per_second"),
        ({"light_direction": (0.0, 1.0, 0.0)}, "must point down"),
        ({"ball_radius_m": 5.0}, "would reach the camera"),
    ],
)
def test_an_impossible_scene_is_refused(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        SceneSpec(**change)
