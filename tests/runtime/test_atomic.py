"""Files appear whole or not at all, and a full disk is said in a sentence."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pez.runtime.atomic import atomic_folder, atomic_path
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import read_table, write_table
from pez.runtime.tensor_file import map_tensor, read_metadata, write_tensors


def test_failure_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_appears_whole_and_replaces_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "folder"
    for content in ("old", "new"):
        with atomic_folder(target) as temporary:
            (temporary / content).touch()
            assert target.exists() == (content == "new")
    assert [path.name for path in target.iterdir()] == ["new"]
    with pytest.raises(RuntimeError), atomic_folder(target) as temporary:
        (temporary / "half").touch()
        raise RuntimeError
    assert [path.name for path in target.iterdir()] == ["new"]
    assert list(target.parent.iterdir()) == [target]


def test_what_a_killed_job_left_of_a_folder_is_cleared(tmp_path: Path) -> None:
    (tmp_path / ".folder.partial").mkdir()
    (tmp_path / ".folder.partial" / "half").touch()
    with atomic_folder(tmp_path / "folder") as temporary:
        (temporary / "whole").touch()
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["whole"]


def test_of_two_writers_at_once_each_leaves_a_whole_file(tmp_path: Path) -> None:
    """A job that outlived its scheduler, and its successor: the second begins while the first
    writes, and ends before or after it."""
    target = tmp_path / "a.txt"
    for last in ("first", "second"):
        with ExitStack() as first, ExitStack() as second:
            ends = {"first": first, "second": second}
            writing = {name: end.enter_context(atomic_path(target)) for name, end in ends.items()}
            for _ in range(3):
                for name, temporary in writing.items():
                    with temporary.open("a") as file:
                        file.write(name)
            earlier = next(name for name in ends if name != last)
            ends[earlier].close()
            assert target.read_text() == earlier * 3
            ends[last].close()
            assert target.read_text() == last * 3
    assert list(tmp_path.iterdir()) == [target]


def test_of_two_writers_at_once_each_leaves_a_whole_folder(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    with ExitStack() as first, ExitStack() as second:
        ends = {"first": first, "second": second}
        for name, end in ends.items():
            temporary = end.enter_context(atomic_folder(target))
            for part in range(3):
                (temporary / f"{name}{part}").touch()
        for name, end in ends.items():
            end.close()
            held = sorted(path.name for path in target.iterdir())
            assert held == [f"{name}{part}" for part in range(3)]
    assert list(tmp_path.iterdir()) == [target]


WRITE_OFTEN = """
import sys
from contextlib import ExitStack
from pathlib import Path
from pez.runtime.atomic import atomic_folder
for attempt in range(60):
    with atomic_folder(sys.argv[1]) as temporary:
        for part in range(20):
            (temporary / f"{sys.argv[2]}{attempt}.{part}").touch()
"""


def test_processes_that_replace_one_folder_again_and_again_never_mix_or_fail(
    tmp_path: Path,
) -> None:
    target = tmp_path / "folder"
    command = [sys.executable, "-c", WRITE_OFTEN, str(target)]
    writers = [subprocess.Popen([*command, name], env=ENVIRONMENT) for name in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert len({path.name.split(".")[0] for path in target.iterdir()}) == 1
    assert len(list(target.iterdir())) == 20
    assert list(tmp_path.iterdir()) == [target]


def test_what_killed_writers_left_is_cleared_and_what_living_ones_write_is_not(
    tmp_path: Path,
) -> None:
    target = tmp_path / "a[1].txt"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(target)], env=ENVIRONMENT)
    assert ended.returncode == -signal.SIGKILL
    (litter,) = tmp_path.iterdir()
    with atomic_path(target) as living:
        living.write_text("whole")
        assert not litter.exists()
        with atomic_path(target) as other:
            other.write_text("other")
            assert living.exists()
        assert target.read_text() == "other"
    assert target.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [target]


KILLED = (
    "import os, signal, sys; from pez.runtime.atomic import atomic_path\n"
    "with atomic_path(sys.argv[1]) as temporary:\n"
    "    temporary.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)\n"
)
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "workflow_scripts")}


def test_a_killed_writer_leaves_no_target(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(target)], env=ENVIRONMENT)
    assert ended.returncode == -signal.SIGKILL
    assert not target.exists()


def test_full_disk_is_named(tmp_path: Path) -> None:
    """The file really is on a full file system: a mounted tmpfs of 64 KiB where we may mount."""
    mount = tmp_path / "small"
    mount.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)])
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        target = mount / "big.safetensors"
        with pytest.raises(ArtifactError, match=r"no space left.*big\.safetensors.*Free some"):
            write_tensors(target, {"frames": np.ones(10**6, np.uint8)}, {})
        with pytest.raises(ArtifactError, match=r"no space left.*big\.parquet"):
            noise = np.random.default_rng(0).normal(size=10**5)
            write_table(mount / "big.parquet", pd.DataFrame({"a": noise}))
        assert list(mount.iterdir()) == []
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def test_tensor_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    frames = np.random.default_rng(0).integers(0, 255, (2, 3, 4), dtype=np.uint8)
    write_tensors(path, {"frames": frames, "b": np.zeros(3, np.float32)}, {"seed": 1})
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask
    mapped = map_tensor(path, "frames")
    assert isinstance(mapped, np.memmap)
    np.testing.assert_array_equal(mapped, frames)
    assert read_metadata(path) == {"seed": 1}


@pytest.mark.parametrize("keep", [0, 5, 40, -1])
def test_truncated_tensor_file_is_named(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "x.safetensors"
    write_tensors(path, {"frames": np.arange(1000, dtype=np.float32)}, {})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ArtifactError, match=r"x\.safetensors.*[Dd]elete it and run again"):
        map_tensor(path, "frames")


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"x\.safetensors does not exist"):
        map_tensor(tmp_path / "x.safetensors", "frames")
    with pytest.raises(ArtifactError, match=r"x\.parquet does not exist"):
        read_table(tmp_path / "x.parquet")


def test_damaged_tables_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    write_table(path, pd.DataFrame({"a": [1, 2]}))
    with pytest.raises(ArtifactError, match=r"x\.parquet lacks the column\(s\) b"):
        read_table(path, ["a", "b"])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ArtifactError, match=r"x\.parquet is not a whole Parquet file"):
        read_table(path)
