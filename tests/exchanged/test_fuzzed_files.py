"""Ten thousand damaged files, the same in every run: readers return, or refuse in their own words.

Nothing that stands in a file runs, no reader waits for ever, and none takes memory that a small
file only claims to need.
"""

import os
import pickle
import random
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from mutations import mutated
from PIL import Image
from safetensors.torch import save_file

from own_clips.videos import moving_square, write_labels, write_video
from pez.encoders.checkpoint_files import open_checkpoint
from pez.intphys.layout import MovieError, is_possible, read_frame, write_status
from pez.own_clips.files import ClipFiles
from pez.own_clips.labels import label_problems, read_labels
from pez.own_clips.spec import FolderSpec
from pez.own_clips.video import ClipError, content, read_frames
from pez.runtime.errors import ArtifactError
from pez.runtime.note import read_note, write_note
from pez.runtime.tables import open_table, write_table
from pez.runtime.tensor_file import map_tensor, read_header, write_tensors

REFUSALS = (ArtifactError, MovieError, ClipError)
MOST_SECONDS = 20.0  # of one reading, on a machine that does much else
MOST_BYTES = 1 << 30  # of memory, beyond what the modules take


@dataclass(frozen=True)
class Kind:
    """A kind of file: one that is whole, who reads it, and how often it is damaged."""

    write: Callable[[Path], object]
    read: Callable[[Path], object]
    name: str
    times: int


class Evil:
    """Unpickled, it would leave a file."""

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return os.mkdir, ("unpickled",)


TENSORS = {"blocks.0.weight": torch.arange(12.0).reshape(3, 4), "bias": torch.zeros(3)}


def read_tensors(path: Path) -> None:
    for name in read_header(path)[0]:
        np.array(map_tensor(path, name))


def read_movie(path: Path) -> None:
    clip = ClipFiles(path.name, (path,), is_video=True)
    content(clip)
    for _ in read_frames(clip):
        pass


def read_csv(path: Path) -> None:
    spec = FolderSpec(root=str(path.parent), labels=str(path), clip_column="clip")
    table = read_labels(spec)
    list(label_problems(table, spec.columns, []))


def read_known_note(path: Path) -> None:
    """No readable note is as good as one of another provenance: nothing is said."""
    if read_note(path) is None:
        raise ArtifactError(f"{path} holds no provenance")


def write_png(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(moving_square(1, "left", 3)[0]).save(path)


def write_evil(path: Path) -> None:
    path.write_bytes(pickle.dumps({"target_encoder": Evil()}))


ROWS = [("a.mp4", 1, 0.5, "left"), ("b.mp4", 2, -1.5, "right"), ("c.mp4", 3, 1e-3, "left")]
KINDS = {
    "tensors": Kind(
        lambda path: write_tensors(path, {"frames": np.arange(24, dtype=np.uint8)}, {"shard": 0}),
        read_tensors, "shard.safetensors", 2500,
    ),
    "published tensors": Kind(
        lambda path: save_file(TENSORS, path),
        lambda path: open_checkpoint([path]), "model.safetensors", 1000,
    ),
    "checkpoint": Kind(
        lambda path: torch.save({"target_encoder": TENSORS}, path),
        lambda path: open_checkpoint([path]), "model.pt", 700,
    ),
    "old checkpoint": Kind(
        lambda path: torch.save(
            {"encoder": TENSORS}, path, _use_new_zipfile_serialization=False
        ),
        lambda path: open_checkpoint([path]), "model.bin", 700,
    ),
    "evil checkpoint": Kind(
        write_evil, lambda path: open_checkpoint([path]), "evil.pt", 300
    ),
    "picture": Kind(
        write_png, lambda path: read_frame(path.parents[1], 0), "scene/scene_001.png", 1500
    ),
    "label of a movie": Kind(
        lambda path: write_status(path.parent, True),
        lambda path: is_possible(path.parent), "status.json", 1000,
    ),
    "video": Kind(
        lambda path: write_video(path, moving_square(1, "left", 3, frames=4, side=32)),
        read_movie, "clip.mp4", 700,
    ),
    "labels": Kind(
        lambda path: write_labels(path, ("clip", "n", "x", "side"), ROWS),
        read_csv, "labels.csv", 1000,
    ),
    "table": Kind(
        lambda path: write_table(path, pd.DataFrame(ROWS, columns=list("abcd")), {"dataset": "x"}),
        lambda path: open_table(path, ["a"], ["b", "c"]), "labels.parquet", 500,
    ),
    "note": Kind(
        lambda path: write_note(path, "0123456789abcdef"), read_known_note, "note.json", 100
    ),
}  # fmt: skip


def test_there_are_ten_thousand() -> None:
    assert sum(kind.times for kind in KINDS.values()) == 10_000


@contextmanager
def clock(seconds: float) -> Iterator[None]:
    """Interrupt a reader that waits for ever."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt("the reader waits for ever")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", KINDS)
def test_damaged_files_are_read_or_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wholes = {}
    for one, made in KINDS.items():
        place = tmp_path / "whole" / one / made.name
        place.parent.mkdir(parents=True)
        made.write(place)
        wholes[one] = place.read_bytes()
    kind, chance = KINDS[name], random.Random(name)
    path = tmp_path / "damaged" / kind.name
    path.parent.mkdir(parents=True)
    memory, came = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, {True: 0, False: 0}
    for number in range(kind.times):
        path.unlink(missing_ok=True)
        data = mutated(wholes[name], chance, list(wholes.values()))
        path.write_bytes(data)
        started = time.monotonic()
        try:
            with clock(MOST_SECONDS):
                kind.read(path)
            came[True] += 1
        except REFUSALS as refusal:
            came[False] += 1
            assert path.name.split(".")[0] in str(refusal) or isinstance(refusal, ClipError)
        except BaseException as error:
            raise AssertionError(f"number {number}: {error!r} from {data[:300]!r}") from error
        assert time.monotonic() - started < MOST_SECONDS, f"number {number}: {data[:300]!r}"
    assert not (tmp_path / "unpickled").exists()
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    assert used * 1024 < MOST_BYTES
    assert came[False] > kind.times / 20  # else nothing was damaged


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("what", ["pipe", "device"])
def test_what_is_no_file_is_refused_at_once(what: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / KINDS[name].name
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path) if what == "pipe" else path.symlink_to("/dev/zero")
    with clock(MOST_SECONDS), pytest.raises(REFUSALS):
        KINDS[name].read(path)
