"""Real Blender. Where 256 x 256 is not needed, small pictures keep it quick."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pez.clips.geometry import Region, changed_region, project, wholly_in_view
from pez.clips.render import render_clips, render_shard
from pez.clips.renderer import BallRenderer
from pez.clips.simulate import simulate_dataset
from pez.clips.spec import BallDatasetSpec, RenderSpec, SceneSpec
from pez.clips.store import open_clips
from pez.runtime.errors import ArtifactError

SETS = Path(__file__).parents[2] / "workflow_scripts"
SMALL = SceneSpec(resolution=64, frames=4)
PLACES = np.array([[0.3, -0.2, 0.3], [1.9, 1.1, 0.3], [-3.9, 2.0, 0.3], [2.0, -6.0, 0.3]])


def psnr_db(one, other):
    error = np.mean((one.astype(float) - other.astype(float)) ** 2)
    return np.inf if error == 0 else 10 * np.log10(255**2 / error)


def blue_share(picture):
    """Share of blue in the light of every pixel: high on the ball, lit or not, low elsewhere."""
    picture = picture.astype(float)
    return picture[..., 2] / np.maximum(picture.sum(axis=-1), 1)


def ball_centroid(picture):
    """Centroid (x, y) of the ball's pixels, in the image coordinates of pez.clips.geometry."""
    rows, columns = np.nonzero(blue_share(picture) > 0.45)  # floor 0.32, ball 0.6
    return np.array([columns.mean() + 0.5, rows.mean() + 0.5])


@pytest.mark.slow
@pytest.mark.parametrize("light", [(0.3, 0.2, -1.0), (-1.2, 0.6, -1.0)])
def test_composite_equals_the_full_frame(light):
    # 256 samples: one ray more or less into the ball changes a floor pixel by 0.1 grey level
    scene = SceneSpec(resolution=96, light_direction=light)
    with BallRenderer(scene, samples=256, threads=2) as renderer:
        for place in PLACES[1:3]:
            full = renderer.render_region(place, None)
            composite = renderer.frame(place)
            assert np.abs(full.astype(int) - renderer.background()).max() > 50  # it is in view
            difference = np.abs(full.astype(int) - composite)
            assert difference.max() <= 1
            assert psnr_db(full, composite) > 50


def test_at_any_sample_count_the_region_is_the_full_frames_bit_for_bit():
    with BallRenderer(SMALL, samples=2, threads=1) as renderer:
        for place in PLACES[:3]:
            region = changed_region(SMALL, place)
            full = renderer.render_region(place, None)
            np.testing.assert_array_equal(renderer.frame(place)[region.slices], full[region.slices])


def test_a_region_too_small_would_be_noticed():
    """The comparison above has teeth: half the region misses the shadow."""
    with BallRenderer(SMALL, samples=2, threads=1) as renderer:
        place = PLACES[0]
        region = changed_region(SMALL, place)
        half = Region(region.left, region.top, (region.left + region.right) // 2, region.bottom)
        composite = renderer.background().copy()
        composite[half.slices] = renderer.render_region(place, half)
        full = renderer.render_region(place, None)
        assert np.abs(full.astype(int) - composite).max() > 20


def test_colours_mean_what_they_say():
    with BallRenderer(SMALL, samples=4, threads=1) as renderer:
        background = renderer.background()
        assert np.abs(background - 255 * np.array(SMALL.floor_colour)).max() <= 1
        centre = np.array([0.0, 0.0, 0.3])
        top = renderer.frame(centre)[31:33, 31:33].reshape(-1, 3).mean(axis=0)
        # the top of the ball faces the camera; light falls on it as on the floor
        assert np.abs(top - 255 * np.array(SMALL.ball_colour)).max() <= 6


def test_a_ball_out_of_view_leaves_the_empty_floor():
    with BallRenderer(SMALL, samples=2, threads=1) as renderer:
        np.testing.assert_array_equal(renderer.frame(PLACES[3]), renderer.background())


@pytest.fixture(scope="module")
def paper_sized(tmp_path_factory):
    """Clips of the paper's size, every direction of both motions: labels, trajectories, frames."""
    folder = tmp_path_factory.mktemp("paper_sized")
    frames, labels, trajectories = [], [], []
    for motion, magnitude, seed in (("velocity", 6.0, 42), ("acceleration", 10.0, 1)):
        dataset = BallDatasetSpec(motion=motion, magnitudes=(magnitude,), starts=1, seed=seed)
        files = folder / f"{motion}_labels.parquet", folder / f"{motion}_trajectories.parquet"
        simulate_dataset(motion, SceneSpec(), dataset, *files)
        labels.append(pd.read_parquet(files[0]))
        trajectories.append(pd.read_parquet(files[1]))
        positions = trajectories[-1][["x_m", "y_m", "z_m"]].to_numpy().reshape(-1, 16, 3)
        frames.append(render_clips(SceneSpec(), 16, positions, 2, motion))
    return pd.concat(labels), pd.concat(trajectories), np.concatenate(frames)


@pytest.mark.slow
def test_the_ball_in_the_pixels_is_where_the_labels_say_in_every_frame(paper_sized):
    _, trajectories, frames = paper_sized
    inside = wholly_in_view(SceneSpec(), trajectories[["x_m", "y_m", "z_m"]].to_numpy())
    pictures = frames.reshape(-1, 256, 256, 3)[inside]
    expected = trajectories.loc[inside, ["x_px", "y_px"]].to_numpy()
    found = np.array([ball_centroid(picture) for picture in pictures])
    assert len(found) > 150
    assert np.hypot(*(found - expected).T).max() < 0.5


def test_pixel_velocities_and_accelerations_have_the_labels_sign_and_size(paper_sized):
    labels, trajectories, frames = paper_sized
    inside = wholly_in_view(SceneSpec(), trajectories[["x_m", "y_m", "z_m"]].to_numpy())
    inside = inside.reshape(-1, 16)
    for clip, row in enumerate(labels.to_dict("records")):
        moments = np.flatnonzero(inside[clip])
        assert len(moments) >= 6
        centroids = np.array([ball_centroid(frames[clip, moment]) for moment in moments])
        velocity = np.array([row["vx_px"], row["vy_px"]])
        acceleration = np.array([row["ax_px"], row["ay_px"]])
        travelled = centroids[-1] - centroids[0]
        start, stop = moments[0], moments[-1]
        expected = velocity * (stop - start) + acceleration * (stop**2 - start**2) / 2
        assert np.abs(travelled - expected).max() < 1.0  # two centroids, half a pixel each


def test_frame_0_is_the_labelled_start(paper_sized):
    labels, _, frames = paper_sized
    start = labels[["start_x_px", "start_y_px"]].to_numpy()
    found = np.array([ball_centroid(clip[0]) for clip in frames])
    assert np.hypot(*(found - start).T).max() < 0.5
    np.testing.assert_allclose(
        start,
        project(SceneSpec(), np.c_[labels[["start_x_m", "start_y_m"]], np.full(len(labels), 0.3)]),
        atol=0.01,
    )


RENDER = """
import sys
from pez.clips.render import render_shard
from pez.clips.spec import RenderSpec, SceneSpec
threads, shard, size, trajectories, output = sys.argv[1:]
scene, render = SceneSpec(resolution=64, frames=4), RenderSpec(samples=4, shard_size=int(size))
render_shard("velocity", int(shard), scene, render, trajectories, output, int(threads))
"""


def _render_in_a_process(folder, output, threads=1, shard=0, size=2):
    arguments = map(str, (threads, shard, size, folder / "trajectories.parquet", output))
    return subprocess.run(
        [sys.executable, "-c", RENDER, *arguments],
        env={**os.environ, "PYTHONPATH": str(SETS)},
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.fixture
def small_dataset(tmp_path):
    dataset = BallDatasetSpec(motion="velocity", directions=2, magnitudes=(5.0,), starts=2)
    simulate_dataset(
        "velocity", SMALL, dataset, tmp_path / "labels.parquet", tmp_path / "trajectories.parquet"
    )
    return tmp_path


@pytest.mark.slow
def test_same_bytes_in_another_process_with_other_threads_and_in_another_shard(small_dataset):
    one, two = small_dataset / "shard_000.safetensors", small_dataset / "again.safetensors"
    done = _render_in_a_process(small_dataset, one)
    _render_in_a_process(small_dataset, two, threads=2)
    assert one.read_bytes() == two.read_bytes()
    assert "Fra:" not in done.stdout + done.stderr  # Blender's line per frame
    assert "render velocity 000" in done.stderr  # the progress bar

    third = small_dataset / "third.safetensors"
    render = RenderSpec(samples=4, shard_size=1)
    render_shard("velocity", 1, SMALL, render, small_dataset / "trajectories.parquet", third)
    alone = open_clips(third, ["velocity_0001"], (4, 64, 64))
    np.testing.assert_array_equal(alone.frames[0], open_clips(one).frames[1])
    assert sorted(alone.metadata["versions"]) == ["bpy", "kubric-nightly", "pybullet"]


def test_a_shard_beyond_the_trajectories_is_refused(small_dataset):
    output = small_dataset / "shard_009.safetensors"
    with pytest.raises(ArtifactError, match="no clip 18"):
        render_shard(
            "velocity", 9, SMALL, RenderSpec(samples=1, shard_size=2),
            small_dataset / "trajectories.parquet", output,
        )  # fmt: skip
    assert not output.exists()


def test_trajectories_of_another_length_are_refused(small_dataset):
    scene = SMALL.model_copy(update={"frames": 6})
    with pytest.raises(ArtifactError, match="no whole clips of 6 frames"):
        render_shard(
            "velocity", 0, scene, RenderSpec(samples=1), small_dataset / "trajectories.parquet",
            small_dataset / "shard_000.safetensors",
        )  # fmt: skip


def test_a_picture_that_cannot_be_written_is_an_error_not_the_last_picture():
    with BallRenderer(SMALL, samples=1, threads=1) as renderer:
        renderer.frame(PLACES[0])
        renderer._folder.cleanup()
        Path(renderer._folder.name).touch()  # a file where the folder was: Blender cannot write
        try:
            with pytest.raises(ArtifactError, match="TMPDIR"):
                renderer.frame(PLACES[1])
        finally:
            Path(renderer._folder.name).unlink()
