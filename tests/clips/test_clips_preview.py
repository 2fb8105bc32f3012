import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pez.clips.geometry import project
from pez.clips.labels import design, measure
from pez.clips.preview import motion_trail, preview_dataset
from pez.clips.spec import BallDatasetSpec, SceneSpec
from pez.clips.store import write_clips
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import write_table

SCENE = SceneSpec(resolution=64, frames=8)
DATASET = BallDatasetSpec(motion="velocity", directions=4, magnitudes=(2, 6), starts=2)


@pytest.fixture
def dataset(tmp_path):
    """Clips with a white square for a ball: previews do not care who drew the frames."""
    plan = design("velocity", DATASET)
    velocity = np.zeros((len(plan), 8, 3))
    velocity[..., :2] = plan[["vx_m_s", "vy_m_s"]].to_numpy()[:, None]
    position = np.full((len(plan), 8, 3), 0.3)
    start = plan[["start_x_m", "start_y_m"]].to_numpy()[:, None]
    position[..., :2] = start + velocity[..., :2] * np.arange(8)[:, None] / 24
    write_table(tmp_path / "labels.parquet", measure(SCENE, DATASET, plan, position, velocity))
    frames = np.full((len(plan), 8, 64, 64, 3), 100, np.uint8)
    for clip, path in enumerate(project(SCENE, position).astype(int)):
        for frame, (x, y) in enumerate(path):
            frames[clip, frame, max(y - 2, 0) : max(y + 3, 0), max(x - 2, 0) : max(x + 3, 0)] = 255
    shards = [tmp_path / "shard_000.safetensors", tmp_path / "shard_001.safetensors"]
    ids = list(plan["clip_id"])
    write_clips(shards[0], frames[:10], ids[:10], 0, {})
    write_clips(shards[1], frames[10:], ids[10:], 10, {})
    return tmp_path, shards


def test_contact_sheet_and_animation(dataset):
    folder, shards = dataset
    sheet, animation = folder / "sheet.png", folder / "preview.gif"
    preview_dataset(folder / "labels.parquet", shards, sheet, animation)
    with Image.open(sheet) as image:
        assert image.width > 400
        assert image.height > 600  # four rows of directions
    with Image.open(animation) as image:
        assert image.n_frames == 8
        assert image.size == (2 * 130 - 2, 2 * 130 - 2)


def test_the_same_clips_make_the_same_pictures(dataset):
    folder, shards = dataset
    for run in "ab":
        preview_dataset(
            folder / "labels.parquet", shards, folder / f"{run}.png", folder / f"{run}.gif"
        )
    assert (folder / "a.png").read_bytes() == (folder / "b.png").read_bytes()
    assert (folder / "a.gif").read_bytes() == (folder / "b.gif").read_bytes()


def test_a_missing_shard_is_noticed(dataset):
    folder, shards = dataset
    with pytest.raises(ArtifactError, match="10 clips, not the 16"):
        preview_dataset(folder / "labels.parquet", shards[:1], folder / "s.png", folder / "p.gif")
    assert not (folder / "s.png").exists()


def test_labels_without_a_column_are_refused(dataset):
    folder, shards = dataset
    labels = pd.read_parquet(folder / "labels.parquet").drop(columns="start_x_px")
    write_table(folder / "labels.parquet", labels)
    with pytest.raises(ArtifactError, match="start_x_px"):
        preview_dataset(folder / "labels.parquet", shards, folder / "s.png", folder / "p.gif")


def test_a_trail_shows_first_and_last_frame_and_leaves_the_rest():
    background = np.full((8, 8, 3), 100, np.uint8)
    frames = np.repeat(background[None], 7, axis=0)
    for moment in range(7):
        frames[moment, 4, moment] = 255
    trail = motion_trail(frames, background)
    assert (trail[4, 6] == 255).all()
    assert 100 < trail[4, 0, 0] < 255
    assert (trail[:4] == 100).all()
