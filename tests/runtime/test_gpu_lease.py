"""Leases on made-up devices: who holds what, and what a killed holder leaves behind."""

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

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
        **variables,
    }
    environment.pop("SLURM_JOB_ID", None)
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


def test_under_slurm_the_scheduler_has_leased(monkeypatch: pytest.MonkeyPatch) -> None:
    from pez.runtime.gpu_lease import DeviceQueue

    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    assert DeviceQueue(1).lease() == ["2"]
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "2"
