"""A folder of clips: what is taken, what is refused, and which pixels come out."""

import re
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from own_clips.videos import moving_square, write_labels, write_set, write_video
from pez.clips.dataset import clips_identity, dataset_identity
from pez.clips.store import open_clips
from pez.own_clips.decode import decode_shard
from pez.own_clips.files import find_clips
from pez.own_clips.index import index_folder, label_folder
from pez.own_clips.labels import read_labels
from pez.own_clips.preview import preview_clips
from pez.own_clips.spec import FolderSpec, LabelSpec, WindowSpec
from pez.own_clips.video import ClipError, fit, frame_numbers, read_frames
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import read_table


def built(folder: Path, spec: FolderSpec, shards: int) -> list[Path]:
    """Index, labels and shards of ``spec``, as the rules make them."""
    index_folder("own", spec, folder / "index.parquet", threads=2)
    label_folder("own", spec, folder / "index.parquet", folder / "labels.parquet")
    paths = [folder / f"shard_{number:03d}.safetensors" for number in range(shards)]
    for number, path in enumerate(paths):
        root, size = str(spec.root), spec.shard_size
        decode_shard("own", root, spec.window, size, number, folder / "index.parquet", path)
    return paths


def test_a_set_becomes_a_dataset_like_the_others(tmp_path: Path) -> None:
    root = write_set(tmp_path / "clips", clips=5)
    spec = FolderSpec(root=str(root), shard_size=3)
    paths = built(tmp_path, spec, shards=2)
    known = dataset_identity(tmp_path / "labels.parquet", "own")
    assert known.clip_ids == [f"clip_{number:02d}" for number in range(5)]
    assert known.frame_shape == [16, 64, 64]
    assert clips_identity(paths, known).clip_ids == known.clip_ids
    labels = read_table(tmp_path / "labels.parquet", numbers=("speed", "group"))
    assert labels["speed"].tolist() == [1, 2, 3, 1, 2]
    assert labels["direction"].tolist() == ["left"] * 3 + ["right"] * 2
    assert set(labels["dataset"]) == {"own"}
    frames = open_clips(paths[0]).frames
    expected = moving_square(3, "left", top=4)
    assert np.abs(frames[2].astype(int) - expected).mean() < 4  # lossy, and in colour
    sheet, animation = tmp_path / "sheet.png", tmp_path / "preview.gif"
    preview_clips(tmp_path / "labels.parquet", paths, sheet, animation)
    with Image.open(animation) as picture:
        assert picture.n_frames == 16
    assert sheet.stat().st_size > 1000


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".mkv", ".mov", ".avi", ".gif"])
def test_every_format_is_read_to_its_end(tmp_path: Path, suffix: str) -> None:
    expected = moving_square(2, "right", top=20)
    write_video(tmp_path / f"a{suffix}", expected)
    (clip,) = find_clips(tmp_path)
    frames = np.stack(list(read_frames(clip)))
    assert frames.shape == expected.shape and frames.dtype == np.uint8
    assert np.abs(frames.astype(int) - expected).mean() < 6


def test_folders_of_pictures_are_clips_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    frames = moving_square(3, "left", top=9, frames=12)
    (tmp_path / "clips/one").mkdir(parents=True)
    for number, frame in enumerate(frames):  # frame_2 comes before frame_10
        Image.fromarray(frame).save(tmp_path / f"clips/one/frame_{number}.png")
    (clip,) = find_clips(tmp_path / "clips")
    assert clip.clip_id == "one"
    np.testing.assert_array_equal(np.stack(list(read_frames(clip))), frames)


def test_a_phone_video_comes_out_upright(tmp_path: Path) -> None:
    """Players turn by the matrix in the header of a track; FFmpeg's frames are as stored."""
    frames = moving_square(1, "right", top=2)[:, :32]
    path = write_video(tmp_path / "a.mp4", frames)
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 4 + 4 + 20 + 16  # after version, times, id, volume
    quarter = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    content[matrix : matrix + 36] = quarter  # to be shown turned clockwise by 90 degrees
    path.write_bytes(content)
    (clip,) = find_clips(tmp_path)
    turned = np.stack(list(read_frames(clip)))
    assert turned.shape[1:3] == (64, 32)
    assert np.abs(turned.astype(int) - np.rot90(frames, -1, axes=(1, 2))).mean() < 6


@pytest.mark.parametrize(
    ("window", "length", "numbers"),
    [
        ({}, 20, list(range(16))),
        ({"frames": 4, "start": 2, "stride": 3}, 12, [2, 5, 8, 11]),
        ({"frames": 4, "stride": "uniform"}, 31, [0, 10, 20, 30]),
        ({"frames": 4, "start": 1, "stride": "uniform"}, 5, [1, 2, 3, 4]),
    ],
)
def test_which_frames_make_a_clip(window: dict, length: int, numbers: list[int]) -> None:
    spec = WindowSpec(**window)
    assert frame_numbers(spec, length).tolist() == numbers
    with pytest.raises(ClipError, match=r"it has \d+ frame\(s\), and frames = "):
        frame_numbers(spec, numbers[-1] if spec.stride != "uniform" else 3)


def test_resize_scales_the_shorter_side_and_crops_the_middle() -> None:
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 255  # the square in the middle
    small = fit(wide, 10)
    assert small.shape == (10, 10, 3) and small[1:-1, 1:-1].min() == 255
    assert fit(wide, None) is wide
    np.testing.assert_array_equal(fit(wide, 20), wide[:, 20:40])


def test_everything_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    root = write_set(tmp_path / "clips", clips=6)
    whole = (root / "clip_01.mp4").read_bytes()
    (root / "clip_00.mp4").write_bytes(b"no video")
    (root / "clip_01.mp4").write_bytes(whole[: len(whole) // 2])
    write_video(root / "clip_02.mp4", moving_square(1, "left", top=0, frames=8))
    write_video(root / "clip_03.mp4", moving_square(1, "left", top=0, side=96))
    (root / "copy.mp4").write_bytes((root / "clip_05.mp4").read_bytes())
    write_video(root / "clip_04.avi", moving_square(1, "left", top=0))
    (root / "folder").mkdir()
    (root / "folder/0.png").write_bytes(b"no picture")
    rows = [(f"clip_{number:02d}", number, "left") for number in range(6)]
    rows[3], rows[5] = ("clip_03", "nan", ""), ("clip_05", "fast", "left")
    rows += [("clip_02.mp4", 1, "left"), ("elsewhere.mp4", 1, "left")]
    rows += [("clips/Clip_05.MP4", 1, "left")]
    write_labels(root / "labels.csv", ("clip", "speed", "direction"), rows)
    spec = FolderSpec(root=str(root), columns={"speed": {"kind": "number"}, "mass": {"unit": "kg"}})
    with pytest.raises(ArtifactError) as caught:
        index_folder("own", spec, tmp_path / "index.parquet")
    for line in (
        r"datasets\.own cannot be used as it is \(1\d problems\)",
        r"clip_00\.mp4: it cannot be decoded \(Invalid data [a-z ]*\): copy or encode",
        r"clip_01\.mp4: it ",
        r"clip_02\.mp4: it has 8 frame\(s\), and frames = 16, start = 0, stride = 1 need 16: low",
        r"folder: 0\.png is no readable picture",
        r"clip_04\.avi, clip_04\.mp4: the same name without suffix",
        r"clips have 2 sizes: state resize \(.*96 x 96, as clip_03\.mp4",
        r"clip_05\.mp4, copy\.mp4 are the same: drop them, or set allow_duplicates",
        r"columns\.mass: .*labels\.csv has no such column",
        r"'clip_02\.mp4' stands in rows 4 and 8: drop one",
        r"labels\.csv, row 9: no clip 'elsewhere\.mp4' under root: add it, or drop the row",
        r"row 10: no clip 'clips/Clip_05\.MP4' under root: .*did you mean 'clip_05\.mp4'\?",
        r"copy\.mp4: no row of .*labels\.csv is about it: add one",
        r"column speed has 'nan' for 'clip_03', which is no number",
        r"column speed has 'fast' for 'clip_05', which is no number",
        r"column direction has no value for 'clip_03'",
    ):
        assert re.search(line, str(caught.value)), line
    assert not (tmp_path / "index.parquet").exists()


def test_a_long_list_of_problems_is_cut(tmp_path: Path) -> None:
    root = write_set(tmp_path / "clips", clips=2)
    rows = [(f"gone_{number}", 1) for number in range(30)]
    write_labels(root / "labels.csv", ("clip", "speed"), rows)
    with pytest.raises(ArtifactError, match=r"(?s)\(32 problems\).*gone_19.*\.\.\. and 12 more"):
        index_folder("own", FolderSpec(root=str(root)), tmp_path / "index.parquet")


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_table_without_commas_is_refused_with_the_cure(tmp_path: Path, separator: str) -> None:
    """As Excel saves it where the comma stands in numbers."""
    root = write_set(tmp_path / "clips", clips=2)
    rows = [("clip", "speed"), ("clip_00", "1,5"), ("clip_01", "2")]
    text = "\r\n".join(map(separator.join, rows))
    (root / "labels.csv").write_text(text, encoding="utf-8-sig")
    spec = FolderSpec(root=str(root))
    with pytest.raises(
        ArtifactError, match=r"labels\.csv has (semicolons|tabs) .*to_csv"
    ) as caught:
        read_labels(spec)
    cure = re.search(r"pandas\.read_csv\(path.*index=False\)", str(caught.value))
    eval(cure[0], {"pandas": pd, "path": root / "labels.csv"})
    assert read_labels(spec).columns == {"speed": ["1.5", "2.0"]}


def test_numbers_with_a_word_among_them_are_not_taken_for_classes(tmp_path: Path) -> None:
    root = write_set(tmp_path / "clips", clips=2)
    write_labels(root / "labels.csv", ("clip", "speed"), [("clip_00", 1), ("clip_01", "NA")])
    spec = FolderSpec(root=str(root))
    with pytest.raises(ArtifactError, match=r"speed has numbers, and 'NA' for 'clip_01'.*speed\.k"):
        index_folder("own", spec, tmp_path / "index.parquet")
    index_folder("own", FolderSpec(root=str(root), columns={"speed": {"kind": "category"}}),
                 tmp_path / "index.parquet")  # fmt: skip


def test_labels_may_be_parquet_and_text_stays_text(tmp_path: Path) -> None:
    root = write_set(tmp_path / "clips", clips=3)
    table = pd.DataFrame(
        {"file": ["clip_00", "clip_01", "clip_02"], "code": ["01", "02", "1"],
         "weight": [0.5, 0.25, 1.0], "solid": [True, False, True]}
    )  # fmt: skip
    table.to_parquet(tmp_path / "l.parquet")
    spec = FolderSpec(root=str(root), labels=str(tmp_path / "l.parquet"), clip_column="file")
    built(tmp_path, spec, shards=1)
    labels = read_table(tmp_path / "labels.parquet", numbers=("weight",))
    assert labels["code"].tolist() == ["01", "02", "1"]
    assert labels["solid"].tolist() == ["true", "false", "true"]
    assert labels["weight"].tolist() == [0.5, 0.25, 1.0]


def test_the_layout_of_intphys_2(tmp_path: Path) -> None:
    """As code that reads it has it; the set itself was not seen."""
    rows = []
    for scene, index in enumerate(("0", "1", "1_0")):
        for kind in ("1_Possible", "1_Impossible", "2_Possible", "2_Impossible"):
            name = f"videos/{scene}_{kind}.mp4"
            frames = moving_square(1 + kind.endswith("Impossible"), "left", 4 * len(rows))
            write_video(tmp_path / "Main" / name, frames)
            rows.append((name, index, kind, "permanence", "Easy", ""))
    header = ("file_name", "SceneIndex", "type", "condition", "Difficulty", "name")
    write_labels(tmp_path / "Main/metadata.csv", header, rows)
    classes = {"1_Possible": "possible", "2_Possible": "possible",
               "1_Impossible": "impossible", "2_Impossible": "impossible"}  # fmt: skip
    spec = FolderSpec(
        root=str(tmp_path / "Main"),
        labels=str(tmp_path / "Main/metadata.csv"),
        clip_column="file_name",
        stride="uniform",
        ignore=("name",),
        columns={"type": {"values": classes}, "SceneIndex": {"kind": "category"}},
    )
    built(tmp_path, spec, shards=1)
    labels = read_table(tmp_path / "labels.parquet")
    assert labels["clip_id"].iloc[0] == "videos/0_1_Impossible"
    assert labels.groupby("SceneIndex")["type"].value_counts().tolist() == [2] * 6
    with pytest.raises(ArtifactError, match=r"columns\.type\.values: the column has no value '3_P"):
        read_labels(spec.model_copy(update={"columns": {"type": LabelSpec(values={"3_P": "x"})}}))


def test_a_clip_that_has_changed_since_it_was_checked_is_refused(tmp_path: Path) -> None:
    root = write_set(tmp_path / "clips", clips=2)
    spec = FolderSpec(root=str(root), shard_size=2)
    built(tmp_path, spec, shards=1)
    write_video(root / "clip_01.mp4", moving_square(1, "left", top=40))
    with pytest.raises(ArtifactError, match=r"clip_01\.mp4: it is not what it was when"):
        decode_shard("own", root, spec.window, 2, 0, tmp_path / "index.parquet", tmp_path / "s")


def test_another_window_makes_another_source(tmp_path: Path) -> None:
    """Features of the same clips in another rhythm are not taken for these."""
    root, sources = write_set(tmp_path / "clips", clips=2), []
    for frames in (8, 4):
        spec = FolderSpec(root=str(root), frames=4, stride=2 if frames == 8 else 1)
        index_folder("own", spec, tmp_path / f"{frames}.parquet")
        sources.append(dataset_identity(tmp_path / f"{frames}.parquet", "own").source)
    assert sources[0] != sources[1]
