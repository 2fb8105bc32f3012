"""A run that is killed and started again ends in the same bytes as one that never was."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import BYTE_EQUAL, SMOKE, SMOKE_OUT, Project


def kill_when_printed(
    project: Project, text: str, *arguments: str, whole_tree: bool = False
) -> None:
    """Start the run, and kill -9 Snakemake, or it and all its jobs, as soon as one prints
    ``text``."""
    command = [sys.executable, "-m", "snakemake", "figure2c", "--cores", "2", *arguments]
    run = subprocess.Popen(
        [*command, "--configfile", SMOKE],
        cwd=project.folder,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert run.stderr is not None
    seen = b""
    while text.encode() not in seen:
        chunk = os.read(run.stderr.fileno(), 65536)
        assert chunk, f"the run ended before it printed {text!r}:\n{seen.decode()}"
        seen = seen[-1000:] + chunk
    if whole_tree:
        os.killpg(run.pid, signal.SIGKILL)
    else:
        run.send_signal(signal.SIGKILL)
    run.wait()
    run.stderr.close()
    deadline = time.monotonic() + 30  # of a busy machine
    while survivors := processes_in(project.folder):
        assert time.monotonic() < deadline, f"jobs outlived Snakemake: {survivors}"
        time.sleep(0.1)


def processes_in(folder: Path) -> list[str]:
    """Command lines of the live processes whose working directory is ``folder``."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            inside = (process / "cwd").readlink() == folder
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if inside and command:
            found.append(command)
    return found


@pytest.mark.slow
def test_killed_while_rendering_and_while_extracting(project: Project, smoke_run: Project) -> None:
    kill_when_printed(project, "render velocity 000", whole_tree=True)
    assert not list(project.folder.glob(f"{SMOKE_OUT}/clips/kubric/velocity/shard_000*"))
    # As on a GPU, where a job extracts a dataset; on a CPU, shard by shard, it is finished.
    kill_when_printed(project, "vjepa2_tiny: shard_000 to shard_001", "--resources", "gpu=1")
    finished = project.snakemake("figure2c", "--cores", "2")
    assert "Removing the locks that a killed run has left here." in finished.stderr
    assert re.search(r"^About (a minute|\d+ min) left", finished.stderr, re.MULTILINE)
    again, undisturbed = project.built_files(), smoke_run.built_files()
    assert again.keys() <= undisturbed.keys()
    assert {name.split("/")[0] for name in again} == set(BYTE_EQUAL)
    differing = [name for name, content in again.items() if undisturbed[name] != content]
    assert not differing


def start(project: Project, *arguments: str) -> "subprocess.Popen[str]":
    """Start a run in a process group of its own, for which Ctrl-C means what it does in a shell."""
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", *arguments, "--configfile", SMOKE],
        cwd=project.folder,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def wait_for(run: "subprocess.Popen[str]", text: str) -> None:
    assert run.stderr is not None
    seen = []
    for line in run.stderr:
        seen.append(line)
        if text in line:
            return
    raise AssertionError(f"the run ended before it printed {text!r}:\n{''.join(seen)}")


@pytest.mark.slow
def test_a_second_run_says_who_holds_the_folder_and_ctrl_c_how_to_go_on(project: Project) -> None:
    first = start(project, "clips", "--cores", "1")
    wait_for(first, "render ")  # the progress of a job that has begun
    second = project.snakemake("clips", "--cores", "2", check=False)
    assert second.returncode == 1
    assert f"process {first.pid} of " in second.stderr
    assert "makes the same files in" in second.stderr
    stopped = time.monotonic()
    os.killpg(first.pid, signal.SIGINT)
    _, said = first.communicate(timeout=60)
    assert time.monotonic() - stopped < 30
    assert first.returncode == 1
    assert "the same command goes on from here" in said
    assert not processes_in(project.folder)
    assert project.snakemake("clips", "--cores", "2", "-n").returncode == 0


@pytest.mark.slow
def test_damaged_files_are_named_with_their_cure(built: Project) -> None:
    """A shard cut short behind Snakemake's back stops the job that reads it, in one sentence."""
    shard = built.folder / SMOKE_OUT / "clips/kubric/velocity/shard_000.safetensors"
    shard.write_bytes(shard.read_bytes()[:-100])
    features = f"{SMOKE_OUT}/features/vjepa2_tiny/velocity/tubelet_mean"
    ended = built.snakemake(
        f"{features}/stream_00.shard_000.safetensors",
        "--forcerun",
        "extract_vjepa2_tiny_velocity",
        "--cores",
        "1",
        check=False,
    )
    assert ended.returncode == 1
    assert "shard_000.safetensors is damaged" in ended.stderr
    assert "Delete it and run again" in ended.stderr
