import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pez.clips.store import open_clips, write_clips
from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import write_tensors

SETS = Path(__file__).parents[2] / "workflow_scripts"
IDS = ("velocity_0004", "velocity_0005")
FRAMES = np.random.default_rng(0).integers(0, 256, (2, 4, 8, 6, 3), dtype=np.uint8)


@pytest.fixture
def shard(tmp_path):
    path = tmp_path / "shard_002.safetensors"
    write_clips(path, FRAMES, IDS, 4, {"dataset": "velocity", "scene": {"frames": 4}})
    return path


def test_round_trip_is_exact_and_memory_mapped(shard):
    opened = open_clips(shard, IDS, (4, 8, 6))
    np.testing.assert_array_equal(opened.frames, FRAMES)
    assert isinstance(opened.frames, np.memmap)
    assert not opened.frames.flags.writeable
    assert opened.clip_ids == IDS
    assert opened.first_clip == 4
    assert opened.metadata["scene"] == {"frames": 4}


def test_equal_clips_make_equal_bytes(shard, tmp_path):
    again = tmp_path / "again.safetensors"
    write_clips(again, FRAMES, IDS, 4, {"scene": {"frames": 4}, "dataset": "velocity"})
    assert again.read_bytes() == shard.read_bytes()


def _truncate(path):
    os.truncate(path, path.stat().st_size - 100)


def _empty(path):
    path.write_bytes(b"")


def _other_tensor(path):
    write_tensors(path, {"video": FRAMES}, {"clip_ids": IDS, "first_clip": 4})


def _float_frames(path):
    write_tensors(path, {"frames": FRAMES.astype(np.float32)}, {"clip_ids": IDS, "first_clip": 4})


def _grey_frames(path):
    write_tensors(path, {"frames": FRAMES[..., 0]}, {"clip_ids": IDS, "first_clip": 4})


def _other_size(path):
    write_clips(path, FRAMES[:, :, :4], IDS, 4, {})


def _other_clips(path):
    write_clips(path, FRAMES, ("velocity_0000", "velocity_0001"), 0, {})


def _fewer_clips(path):
    write_clips(path, FRAMES[:1], IDS[:1], 4, {})


def _unnamed_clips(path):
    write_tensors(path, {"frames": FRAMES}, {})


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        (_truncate, "bytes where its header promises"),
        (_empty, "not a whole safetensors file"),
        (lambda path: path.unlink(), "does not exist"),
        (_other_tensor, "no 'frames'"),
        (_float_frames, "F32 where U8"),
        (_grey_frames, "(n, T, H, W, 3)"),
        (_other_size, r"(4, 4, 6) where (4, 8, 6)"),
        (_other_clips, "velocity_0000 to velocity_0001"),
        (_fewer_clips, "1 clips"),
        (_unnamed_clips, "names 0"),
    ],
)
def test_a_bad_shard_is_refused_by_name_with_a_cure(shard, damage, finding):
    damage(shard)
    with pytest.raises(ArtifactError) as error:
        open_clips(shard, IDS, (4, 8, 6))
    message = str(error.value)
    assert str(shard) in message
    assert finding in message
    assert "run again" in message or "run its rule again" in message


def test_frames_that_are_no_clips_are_not_written(tmp_path):
    path = tmp_path / "shard_000.safetensors"
    for frames, ids in ((FRAMES.astype(np.int16), IDS), (FRAMES[0], IDS), (FRAMES, IDS[:1])):
        with pytest.raises(ValueError, match="clips"):
            write_clips(path, frames, ids, 0, {})
    assert not path.exists()


WRITE_FOR_EVER = """
import sys
from pathlib import Path
import numpy as np
from pez.clips.store import write_clips
path = Path(sys.argv[1])
frames = np.zeros((8, 16, 256, 256, 3), np.uint8)
while True:
    write_clips(path, frames, [str(clip) for clip in range(8)], 0, {})
    path.unlink()
"""


def test_killed_in_the_middle_of_writing_leaves_nothing_that_looks_finished(tmp_path):
    path = tmp_path / "shard_000.safetensors"
    environment = {**os.environ, "PYTHONPATH": str(SETS)}
    writer = subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, str(path)], env=environment)
    deadline = time.monotonic() + 30
    # let it come to a half-written file, stop it there, and only then kill it
    while True:
        assert time.monotonic() < deadline, "the writer never got to a half-written file"
        assert writer.poll() is None
        os.kill(writer.pid, signal.SIGSTOP)
        litter = [path for path in tmp_path.rglob(".*/shard_*") if path.stat().st_size > 0]
        if litter and not path.exists():
            break
        os.kill(writer.pid, signal.SIGCONT)
        time.sleep(0.001)
    writer.kill()
    writer.wait()
    assert litter
    assert not path.exists()
    assert list(tmp_path.glob("shard_*")) == []
