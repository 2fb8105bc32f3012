import numpy as np
import pytest
import torch
from ball_probes import ball_clips

from pez.clips.geometry import project
from pez.clips.procedural import BALLS, DRAWS, draw_scenes, scenes_from_draws
from pez.clips.ray_cast import project_to_window, render, render_normalised
from pez.clips.spec import SceneSpec
from pez.encoders.preprocess import build_transform, preprocess

SIZE = 64


def scenes(seed, clips=8, size=SIZE):
    return draw_scenes(clips, size, torch.Generator().manual_seed(seed))


def test_same_seed_same_clips_and_another_seed_others():
    first, again, other = (render(scenes(seed), SIZE) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_frames_are_colours():
    frames = render(scenes(0), SIZE)
    assert frames.shape == (8, 16, 3, SIZE, SIZE)
    assert frames.dtype == torch.float32
    assert torch.isfinite(frames).all()
    assert frames.min() >= 0 and frames.max() <= 1
    assert frames.std(dim=(2, 3, 4)).min() > 0


def test_normalisation_is_that_of_the_workflow():
    drawn = scenes(0, clips=2)
    frames = (render(drawn, SIZE) * 255).round()
    expected = preprocess(
        frames.permute(0, 1, 3, 4, 2).to(torch.uint8), build_transform("resize", SIZE)
    )
    # a grey level of rounding, over the smallest standard deviation
    assert (render_normalised(drawn, SIZE) - expected).abs().max() < 0.51 / 255 / 0.224


def test_motion_is_where_the_labels_say():
    """The centroid of what a ball changes in the picture follows its projected centre."""
    drawn = scenes(3, clips=40)
    drawn = drawn._replace(ambient=drawn.ambient * 0, sun=drawn.sun * 0, gloss=drawn.gloss * 0)
    lit = drawn._replace(ambient=torch.ones_like(drawn.ambient))
    lit = lit._replace(
        floor_colour=torch.zeros_like(lit.floor_colour),
        wave_colour=torch.zeros_like(lit.wave_colour),
        ball_colour=torch.ones_like(lit.ball_colour),
        radius=torch.where(torch.arange(BALLS) == 0, lit.radius, 0.0),
    )
    frames = render(lit, SIZE)[:, :, 0]
    cover = (frames > 0.4).float()
    grid = torch.arange(SIZE) + 0.5
    area = cover.sum(dim=(2, 3))
    x = (cover * grid).sum(dim=(2, 3)) / area
    y = (cover * grid[:, None]).sum(dim=(2, 3)) / area
    expected = project_to_window(lit)[:, 0]
    edge = lit.radius[:, 0, None] * lit.pixels_per_metre[:, None] * 1.2 + 2
    inside = (expected > edge[..., None]).all(-1) & (expected < SIZE - edge[..., None]).all(-1)
    assert inside.sum() > 60
    error = torch.stack([x, y], dim=-1)[inside] - expected[inside]
    assert error.abs().max() < 0.75
    moved = expected[:, -1] - expected[:, 0]
    assert moved.norm(dim=1).max() > 20


def test_projection_is_that_of_the_clips():
    scene = SceneSpec.model_validate({})
    labels, drawn = ball_clips("velocity", scene)
    ours = project_to_window(drawn)[:, 0]
    theirs = project(scene, drawn.position[:, 0].numpy())
    assert np.abs(ours.numpy() - theirs).max() < 0.01
    step = (ours[:, 1] - ours[:, 0]).numpy()
    assert np.abs(step - labels[["vx_px", "vy_px"]].to_numpy()).max() < 0.01


def test_ranges_cover_the_evaluation_and_no_scene_is_it():
    drawn = draw_scenes(4000, 128, torch.Generator().manual_seed(0))
    present = drawn.radius > 0
    count = present.sum(dim=1)
    assert set(count.tolist()) == {1, 2, 3, 4}
    radius = drawn.radius[present]
    assert radius.min() < 0.2 and radius.max() > 0.5
    at = project_to_window(drawn)
    velocity, push = at[:, :, 1] - at[:, :, 0], at[:, :, 2] - 2 * at[:, :, 1] + at[:, :, 0]
    still = drawn.camera[:, 0, 0] == drawn.camera[:, -1, 0]
    size = velocity[present & still[:, None]].norm(dim=1)
    acceleration = push[present & still[:, None]].norm(dim=1)
    steady = acceleration < 1e-3
    for speed in (1.3, 9.3):  # pixels a frame
        assert (size[steady] < speed).any() and (size[steady] > speed).any()
    for value in (0.11, 0.56):  # pixels a frame^2
        assert (acceleration < value).any() and (acceleration[~steady] > value).any()
    assert drawn.camera[..., 2].min() < 10 < drawn.camera[..., 2].max()
    assert drawn.pixels_per_metre.min() < 32 < drawn.pixels_per_metre.max()
    assert (drawn.camera[..., 2] != 10).all() and (drawn.pixels_per_metre != 32).all()


@pytest.mark.parametrize("size", [48, 128, 256])
def test_windows_lie_on_the_grid_of_patches(size):
    origin = scenes(0, clips=200, size=size).origin
    assert (origin % 16 == 0).all()
    assert origin.min() == 0 and origin.max() == 256 - size


def test_a_window_is_a_part_of_the_frame():
    drawn = scenes_from_draws(torch.rand(2, DRAWS), SIZE)
    whole = render(drawn._replace(origin=torch.zeros(2, 2)), 256)
    part = render(drawn, SIZE)
    for clip, (row, column) in enumerate(drawn.origin.int().tolist()):
        cut = whole[clip, :, :, row : row + SIZE, column : column + SIZE]
        assert (cut - part[clip]).abs().max() < 1e-3
