"""Leases on made-up devices: who holds what, and what a killed holder leaves behind."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import leases
import numpy as np
import pytest

from pez.runtime import gpu_devices, gpu_lease
from pez.runtime.gpu_devices import Listing

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
DEVICES = ["GPU-a", "GPU-b", "GPU-c", "GPU-d"]

HOLDER = """
import os, sys, time
from pez.runtime.gpu_lease import DeviceQueue
queue = DeviceQueue(int(sys.argv[1]))
assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
leased = queue.lease(timeout_s=60)
start = time.time()
assert os.environ["CUDA_VISIBLE_DEVICES"] == ",".join(leased)
print("leased", *leased, flush=True)
time.sleep(float(sys.argv[2]))
print("span", start, time.time(), flush=True)
"""


def hold(
    folder: Path, count: int, seconds: float, cwd: Path | None = None, **variables: str
) -> "subprocess.Popen[str]":
    environment = {
        **os.environ,
        "PYTHONPATH": str(SCRIPTS),
        "PEZ_GPU_LEASE_DIR": str(folder),
        "CUDA_VISIBLE_DEVICES": ",".join(DEVICES),
    }
    environment.pop("SLURM_JOB_ID", None)
    environment |= variables
    arguments = [sys.executable, "-c", HOLDER, str(count), str(seconds)]
    return subprocess.Popen(arguments, env=environment, cwd=cwd, stdout=subprocess.PIPE, text=True)


def test_eight_jobs_on_four_devices_never_overlap(tmp_path: Path) -> None:
    counts = [1, 1, 2, 1, 2, 1, 1, 1]
    holders = [hold(tmp_path, count, 0.4) for count in counts]
    spans: dict[str, list[tuple[float, float]]] = {device: [] for device in DEVICES}
    for holder, count in zip(holders, counts, strict=True):
        output, _ = holder.communicate(timeout=60)
        leased, span = output.splitlines()
        start, end = map(float, span.split()[1:])
        devices = leased.split()[1:]
        assert len(set(devices)) == count
        for device in devices:
            spans[device].append((start, end))
    assert sum(map(len, spans.values())) == sum(counts)
    for intervals in spans.values():
        intervals.sort()
        for (_, end), (start, _) in pairwise(intervals):
            assert end <= start


def test_a_run_that_may_use_two_of_four_devices_holds_two_at_a_time(tmp_path: Path) -> None:
    """More jobs than that are started, and one asks for more than the run may use."""
    counts = [1, 1, 4, 1, 1, 1]
    holders = [hold(tmp_path, count, 0.3, PEZ_GPU_PLACES="2") for count in counts]
    moments = []
    for holder, count in zip(holders, counts, strict=True):
        leased, span = holder.communicate(timeout=60)[0].splitlines()
        devices = leased.split()[1:]
        assert len(devices) == min(count, 2)
        start, end = map(float, span.split()[1:])
        moments += [(start, len(devices)), (end, -len(devices))]
    held = np.cumsum([change for _, change in sorted(moments)])
    assert held.max() == 2


def test_runs_in_two_folders_have_places_of_their_own(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    holders = [hold(tmp_path, 1, 600, folder, PEZ_GPU_PLACES="1") for folder in folders]
    for holder in holders:
        assert holder.stdout is not None
        assert holder.stdout.readline().startswith("leased GPU-")
    for holder in holders:
        holder.kill()
        holder.wait()


def test_a_killed_holder_frees_its_devices(tmp_path: Path) -> None:
    first = hold(tmp_path, 4, 600)
    assert first.stdout is not None
    assert first.stdout.readline().split() == ["leased", *DEVICES]
    second = hold(tmp_path, 4, 0)
    time.sleep(0.5)
    assert second.poll() is None, "the second job must wait while the first holds every device"
    first.send_signal(signal.SIGKILL)
    first.wait()
    output, _ = second.communicate(timeout=10)
    assert output.startswith("leased GPU-a")


def test_more_devices_than_there_are_is_refused(tmp_path: Path) -> None:
    holder = hold(tmp_path, 5, 0)
    assert holder.wait(timeout=20) != 0


@pytest.mark.parametrize("count", [0, 1])
def test_no_device_means_cpu(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from pez.runtime.gpu_lease import DeviceQueue

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert DeviceQueue(count).lease() == []


NVIDIA_SMI = """#!/bin/sh
echo "GPU 0: NVIDIA X (UUID: GPU-aaaa-1111)"
echo "GPU 1: NVIDIA X (UUID: GPU-aabb-2222)"
echo "  MIG 1g.5gb     Device  0: (UUID: MIG-cccc-3333)"
echo "  MIG 1g.5gb     Device  1: (UUID: MIG-dddd-4444)"
"""
ALL = ["GPU-aaaa-1111", "MIG-cccc-3333", "MIG-dddd-4444"]


def put_nvidia_smi(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "bin/nvidia-smi"
    program.parent.mkdir()
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("given", "devices"),
    [
        (None, ALL),
        ("", []),
        (" ", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("0", ALL[:1]),
        ("GPU-aaaa", ALL[:1]),
        ("GPU-aaaa-1111,0", ALL[:1]),  # one device under two names
        ("GPU-aa", []),  # of two devices
        ("1", ["MIG-cccc-3333"]),  # a device in slices stands for its first
        ("MIG-dddd,0", ["MIG-dddd-4444", "GPU-aaaa-1111"]),
        ("0,-1,1", ALL[:1]),  # what follows a name that there is not does not count
        ("7", []),
        ("GPU-zzzz", []),
    ],
)
def test_a_device_has_one_name(
    given: str | None, devices: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_nvidia_smi(tmp_path, NVIDIA_SMI, monkeypatch)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if given is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    assert Listing().devices() == devices


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("#!/bin/sh\necho NVIDIA-SMI has failed\nexit 9\n", "nvidia-smi said: NVIDIA-SMI has"),
        ("#!/bin/sh\necho No devices were found\n", "nvidia-smi said: No devices were found"),
        ("#!/bin/sh\n", "nvidia-smi said: nothing"),
        ("#!/bin/sh\nexec sleep 600\n", "nvidia-smi did not answer in 1 s"),
    ],
)
def test_a_broken_nvidia_smi_is_no_device_and_says_why(
    script: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_nvidia_smi(tmp_path, script, monkeypatch)
    monkeypatch.setattr(gpu_devices, "TIMEOUT_SECONDS", 1.0)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    listing = Listing()
    assert listing.devices() == []
    assert listing.complaint is not None and listing.complaint.startswith(complaint)


def test_a_run_without_devices_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert Listing().absence() == "CUDA_VISIBLE_DEVICES = '-1'"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert Listing().absence() == "nvidia-smi is not there"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert Listing().absence() is None


@pytest.mark.parametrize("name", ["0", "GPU-aaaa", "GPU-aaaa-1111"])
def test_other_names_of_a_leased_device_are_waited_for(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_nvidia_smi(tmp_path, NVIDIA_SMI, monkeypatch)
    first = hold(tmp_path / "leases", 1, 600, CUDA_VISIBLE_DEVICES="GPU-aaaa-1111")
    assert first.stdout is not None and first.stdout.readline() == "leased GPU-aaaa-1111\n"
    second = hold(tmp_path / "leases", 1, 0, CUDA_VISIBLE_DEVICES=name)
    time.sleep(0.7)
    assert second.poll() is None
    first.kill()
    assert second.communicate(timeout=20)[0].startswith("leased GPU-aaaa-1111")
    first.wait()


def test_jobs_inside_one_allocation_share_its_devices_out(tmp_path: Path) -> None:
    """And those of another allocation, in which 0 is another device, wait for none of them."""
    inside = {"CUDA_VISIBLE_DEVICES": "0,1", "SLURM_JOB_ID": "7"}
    holders = [hold(tmp_path, 1, 600, **inside) for _ in range(2)]
    other = hold(tmp_path, 1, 600, **inside | {"SLURM_JOB_ID": "8"})
    leased = [holder.stdout.readline().split()[1] for holder in holders if holder.stdout]
    assert sorted(leased) == ["0", "1"]
    assert other.stdout is not None and other.stdout.readline().split()[1] in ("0", "1")
    for holder in [*holders, other]:
        holder.kill()
        holder.wait()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be other users")
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_users_share_devices_whatever_their_umask(umask: int, tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(dir="/tmp")) / "leases"
    folder.parent.chmod(0o777)
    try:
        first = hold_as(1000, umask, folder)
        second = hold_as(1001, umask, folder)
        leased = [holder.stdout.readline().split() for holder in (first, second) if holder.stdout]
        assert sorted(leased) == [["leased", "GPU-a"], ["leased", "GPU-b"]]
        third = hold_as(1001, umask, folder)
        time.sleep(0.5)
        assert third.poll() is None
        first.kill()
        assert third.stdout is not None and third.stdout.readline().split() == leased[0]
        for holder in (first, second, third):
            holder.kill()
            holder.wait()
        assert folder.stat().st_mode & 0o7777 == 0o1777
    finally:
        shutil.rmtree(folder.parent)


def hold_as(user: int, umask: int, folder: Path) -> "subprocess.Popen[str]":
    """A holder as another user: a fork, which needs to read none of root's files."""
    script = f"""
import os, sys, time
from pez.runtime.gpu_lease import DeviceQueue
os.umask({umask}); os.setgid({user}); os.setuid({user})
print("leased", *DeviceQueue(1).lease(timeout_s=30), flush=True)
time.sleep(600)
"""
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "PEZ_GPU_LEASE_DIR": str(folder),
                   "CUDA_VISIBLE_DEVICES": "GPU-a,GPU-b"}  # fmt: skip
    command = [sys.executable, "-c", script]
    return subprocess.Popen(command, env=environment, cwd="/", stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be other users")
def test_a_folder_of_locks_that_is_anothers_is_named_with_the_cure(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        folder.chmod(0o755)
        script = f"""
import os
os.environ["PEZ_GPU_LEASE_DIR"] = {str(folder)!r}
os.environ["CUDA_VISIBLE_DEVICES"] = "GPU-a"
from pez.runtime.gpu_lease import DeviceQueue
os.setuid(1001)
DeviceQueue(1).lease(timeout_s=5)
"""
        ended = subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
            capture_output=True, text=True,
        )  # fmt: skip
        assert f"its owner (user 0) run `chmod 1777 {folder}`" in ended.stderr
    finally:
        folder.rmdir()


def test_a_lock_that_was_cleared_away_does_not_let_two_in(tmp_path: Path) -> None:
    """What clears /tmp may delete the file between its opening and its locking."""
    path = tmp_path / "GPU-a.lock"
    descriptor = gpu_lease._open_shared(path)
    path.unlink()
    assert gpu_lease._open_shared(path) != descriptor
    os.close(descriptor)
    held = gpu_lease._lock(path)
    assert held is not None and os.path.samestat(os.fstat(held), path.stat())
    assert gpu_lease._lock(path) is None


@pytest.mark.slow
def test_made_up_jobs_never_share_a_device_and_none_waits_for_ever(tmp_path: Path) -> None:
    found = leases.stress(tmp_path, jobs=300, devices=4, waiting=24, seed=1)
    assert found.leased + found.killed_waiting == 300
    assert found.killed_holding > 0
    assert found.double == 0
    assert found.passed_by < 100  # who waits for all four devices is not passed by for ever
