"""Leases on made-up devices: who holds what, and what a killed holder leaves behind."""

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
DEVICES = ["GPU-a", "GPU-b", "GPU-c", "GPU-d"]

HOLDER = """
import os, sys, time
from pez.runtime.gpu_lease import lease_gpus
leased = lease_gpus(int(sys.argv[1]), timeout_s=60)
start = time.time()
assert os.environ["CUDA_VISIBLE_DEVICES"] == ",".join(leased)
print("leased", *leased, flush=True)
time.sleep(float(sys.argv[2]))
print("span", start, time.time(), flush=True)
"""


def hold(folder: Path, count: int, seconds: float) -> "subprocess.Popen[str]":
    environment = {
        **os.environ,
        "PYTHONPATH": str(SCRIPTS),
        "PEZ_GPU_LEASE_DIR": str(folder),
        "CUDA_VISIBLE_DEVICES": ",".join(DEVICES),
    }
    environment.pop("SLURM_JOB_ID", None)
    arguments = [sys.executable, "-c", HOLDER, str(count), str(seconds)]
    return subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True)


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
    from pez.runtime.gpu_lease import lease_gpus

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert lease_gpus(count) == []


def test_under_slurm_the_scheduler_has_leased(monkeypatch: pytest.MonkeyPatch) -> None:
    from pez.runtime.gpu_lease import lease_gpus

    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    assert lease_gpus(1) == ["2"]
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "2"
