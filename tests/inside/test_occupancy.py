"""Which pixels and patches the ball covers, and what is made of it."""

import numpy as np
import pytest
import torch

from pez.clips.coverage import covered_pixels
from pez.clips.geometry import pixels_per_metre, project, silhouette
from pez.clips.spec import SceneSpec
from pez.encoders.family import Grid
from pez.inside.tuning.occupancy import (
    ball_patches,
    local_regressors,
    patch_shares,
    place_regressors,
)
from pez.inside.tuning.readings import LOCAL, PLACE

OVERHEAD = SceneSpec(light_direction=(0.0, 0.0, -1.0))


@pytest.mark.parametrize("place", [(0.0, 0.0), (1.3, -0.7), (-2.9, 2.2)])
def test_the_ball_covers_its_outline(place: tuple[float, float]) -> None:
    centre = np.array([*place, 0.3])
    hidden = SceneSpec(light_direction=(*place, 0.3 - 10))  # the ball hides its shadow
    covered = covered_pixels(hidden, centre)
    row, column = np.nonzero(covered)
    box = silhouette(hidden, centre)
    found = [column.min(), row.min(), column.max() + 1, row.max() + 1]
    np.testing.assert_allclose(found, box, atol=1)
    # a disc at the height of its middle, longer by as much as the view is oblique
    disc = np.pi * (0.3 * pixels_per_metre(OVERHEAD, 0.3)) ** 2
    away = np.hypot(*place) / 9.7
    assert covered.sum() == pytest.approx(disc * np.hypot(1, away), rel=0.03)


def test_the_shadow_falls_where_the_light_shines() -> None:
    centre = np.array([0.0, 0.0, 0.3])
    slant = SceneSpec(light_direction=(1.0, 0.0, -1.0))
    more = covered_pixels(slant, centre) & ~covered_pixels(OVERHEAD, centre)
    assert more.any() and np.nonzero(more)[1].min() >= 128  # to the right
    # the farthest point of the shadow: z + r / sin 45 degrees
    farthest = 128 + 32 * (0.3 + 0.3 * np.sqrt(2))
    assert np.nonzero(more)[1].max() + 1 == pytest.approx(farthest, abs=1)


def test_out_of_view_nothing_is_covered() -> None:
    assert not covered_pixels(SceneSpec(), np.array([9.0, 0.0, 0.3])).any()


def test_shares_of_patches_are_areas() -> None:
    scene = SceneSpec()
    track = np.array([[-1.0 + 0.1 * frame, 0.5, 0.3] for frame in range(4)])
    covered = np.stack([covered_pixels(scene, one) for one in track])
    shares = patch_shares(covered, "resize", 256, Grid(2, 16, 16))
    assert shares.shape == (2, 2, 16, 16)
    totals = covered.sum(axis=(1, 2)) / 256
    np.testing.assert_allclose(shares.sum(dim=(2, 3)).flatten(), totals, rtol=1e-5)
    row, column = 3, 5
    own = covered[1, 16 * row : 16 * row + 16, 16 * column : 16 * column + 16].mean()
    assert float(shares[0, 1, row, column]) == pytest.approx(own)
    x, y = project(scene, track[:2]).mean(axis=0) / 16
    assert int(ball_patches(shares[None])[0, 0]) == int(y) * 16 + int(x)


def test_a_crop_magnifies() -> None:
    covered = np.zeros((2, 64, 64), bool)
    covered[:, 24:40, 24:40] = True
    shares = patch_shares(covered, "eval_preproc", 64, Grid(1, 4, 4))
    assert float(shares.sum()) / 2 == pytest.approx((16 * 73 / 64) ** 2 / 256, rel=0.05)


def test_neighbours_stand_in_their_order_and_none_is_beyond_the_frame() -> None:
    shares = torch.zeros(1, 1, 2, 4, 4)
    shares[0, 0, 0, 0, 1], shares[0, 0, 1, 0, 1] = 0.2, 0.6
    found = local_regressors(shares).reshape(4, 4, LOCAL)
    assert found[0, 1].tolist() == pytest.approx([0.2, 0.6] + [0.0] * 8)
    # above, from left to right; beside; below
    assert found[1, 0, 2:].tolist() == pytest.approx([0, 0, 0.4, 0, 0, 0, 0, 0])
    assert found[0, 2, 2:].tolist() == pytest.approx([0, 0, 0, 0.4, 0, 0, 0, 0])
    assert float(found[3].abs().sum()) == 0


def test_a_ball_that_leaves_is_out_and_no_farther_than_just_outside() -> None:
    shares = torch.zeros(1, 2, 2, 4, 4)
    shares[0, 0, :, 2, 3] = 0.5
    ball = ball_patches(shares)
    assert ball.tolist() == [[11, -1]]
    across = np.array([[[0.5, 0.1], [0.7, 0.1], [3.0, 0.1], [5.0, 0.1]]])
    found = place_regressors(across, ball < 0)
    assert found.shape == (1, 2, PLACE)
    assert found[0, 0].tolist() == pytest.approx([0.6, 0.1, 0.36, 0.06, 0.01, 0])
    assert found[0, 1, [0, 5]].tolist() == pytest.approx([1.1, 1])
