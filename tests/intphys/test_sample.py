"""Clips are the frames that were asked for, in shards that extraction reads."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from intphys.movie_tree import FRAMES, SCENES, SIDE, write_tree
from pez.clips.store import open_clips
from pez.intphys.index import index_movies
from pez.intphys.preview import moments, preview_movies
from pez.intphys.sample import frame_numbers, sample_movies
from pez.intphys.spec import SamplingSpec
from pez.recipes.groupings import group_ids
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import read_table, write_table
from pez.scores.plausibility import check_movies

OF_DEV = {"dataset": "intphys_dev"}


def sampling(frames: int, window: str = "uniform") -> SamplingSpec:
    return SamplingSpec.model_validate({"frames": frames, "window": window})


@pytest.mark.parametrize(
    ("frames", "breakpoint", "chosen", "expected"),
    [
        (100, None, sampling(4), [0, 33, 66, 99]),
        (4, None, sampling(4), [0, 1, 2, 3]),
        (100, 50, sampling(4, "breakpoint"), [48, 49, 50, 51]),
        (100, 1, sampling(4, "breakpoint"), [0, 1, 2, 3]),
        (100, 99, sampling(4, "breakpoint"), [96, 97, 98, 99]),
    ],
)
def test_frame_numbers(frames, breakpoint, chosen, expected) -> None:
    assert frame_numbers(frames, breakpoint, chosen).tolist() == expected


def test_movies_that_cannot_be_cut_are_refused() -> None:
    with pytest.raises(ValueError, match=r"3 frames, and sampling\.frames of the dataset is 4"):
        frame_numbers(3, None, sampling(4))
    with pytest.raises(ValueError, match=r"no breakpoint.*uniform"):
        frame_numbers(9, None, sampling(4, "breakpoint"))


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_tree(tmp_path_factory.mktemp("intphys") / "dev")
    write_table(root / "index.parquet", index_movies(root, SCENES, FRAMES), OF_DEV)
    return root


def cut(root: Path, folder: Path, chosen: SamplingSpec, shards: int = 3) -> list[Path]:
    paths = [folder / f"shard_{number:03d}.safetensors" for number in range(shards)]
    sample_movies(
        dataset="intphys_dev",
        root=root,
        index=root / "index.parquet",
        sampling=chosen,
        shard_size=8,
        labels=folder / "labels.parquet",
        shards=paths,
    )
    return paths


def test_clips_and_labels_agree_with_the_movies(dev: Path, tmp_path: Path) -> None:
    shards = cut(dev, tmp_path, sampling(4))
    labels = read_table(tmp_path / "labels.parquet")
    assert [len(open_clips(path).frames) for path in shards] == [8, 8, 8]
    clips = np.concatenate([open_clips(path).frames for path in shards])
    ids = [name for path in shards for name in open_clips(path).clip_ids]
    assert clips.shape == (24, 4, SIDE, SIDE, 3) and ids == labels["clip_id"].tolist()
    index = read_table(dev / "index.parquet")
    for number, row in enumerate(index.itertuples()):
        for place, frame in enumerate((0, 2, 3, 5)):
            picture = np.asarray(Image.open(dev / row.folder / f"scene/scene_{frame + 1:03d}.png"))
            assert np.array_equal(clips[number, place], picture)
    assert labels["clip_id"].iloc[5] == "O1_02_2"
    assert set(labels["possible"]) == {0, 1} and (labels["dataset"] == "intphys_dev").all()
    check_movies(labels, "intphys_dev")  # as the probes will
    assert np.bincount(group_ids(labels, "scene", 0)).tolist() == [4] * 6


def test_the_breakpoint_is_in_the_middle_of_its_window(dev: Path, tmp_path: Path) -> None:
    shards = cut(dev, tmp_path, sampling(2, "breakpoint"))
    numbers = [frames for path in shards for frames in open_clips(path).metadata["frame_numbers"]]
    breakpoints = read_table(dev / "index.parquet")["breakpoint"]
    assert numbers == [[parting - 1, parting] for parting in breakpoints]


def test_a_movie_that_changed_and_a_wrong_number_of_shards_are_named(
    dev: Path, tmp_path: Path
) -> None:
    with pytest.raises(ArtifactError, match="24 movies, which are not 2 shards of 8"):
        cut(dev, tmp_path, sampling(4), shards=2)
    index = read_table(dev / "index.parquet").assign(frames=FRAMES + 1)
    other = tmp_path / "dev"
    other.mkdir()
    write_table(other / "index.parquet", index, OF_DEV)
    (other / "O1").symlink_to(dev / "O1")
    with pytest.raises(ArtifactError, match=r"O1/01/1: .*scene_007\.png is missing"):
        cut(other, tmp_path / "out", sampling(4))


def test_the_preview_shows_the_breakpoint(dev: Path, tmp_path: Path) -> None:
    assert moments(100, 40)[3] == 40 and len(moments(100, 40)) == 8
    assert moments(100, None) == [0, 14, 28, 42, 57, 71, 85, 99]
    preview_movies(dev, dev / "index.parquet", tmp_path / "sheet.png", tmp_path / "p.gif")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size[0] > 1000 and sheet.size[1] > 1500
    with Image.open(tmp_path / "p.gif") as animation:
        assert animation.n_frames == FRAMES
    assert isinstance(read_table(dev / "index.parquet"), pd.DataFrame)
