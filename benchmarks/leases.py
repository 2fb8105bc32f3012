"""Leases under stress: thousands of made-up jobs on made-up devices, some of them killed.

    python benchmarks/leases.py --jobs 10000 --devices 8

Every job is a process that waits for 1, 2 or all devices, holds them for some milliseconds, and
ends, or is killed (kill -9) while it waits or holds. Printed: devices that two held at once (0 is
right), the longest wait, and how many later jobs passed by one that waited.
"""

import argparse
import os
import random
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pez.runtime import gpu_lease

HOLD_S = 0.004  # mean, of the jobs; real ones hold for seconds


@dataclass
class Found:
    """What a stress came to."""

    leased: int = 0
    killed_waiting: int = 0
    killed_holding: int = 0
    double: int = 0
    passed_by: int = 0
    longest_wait_s: float = 0.0
    seconds: float = 0.0


@dataclass
class _Job:
    begun: float
    pipe: int
    kill_at: float | None
    killed: float | None = None


def stress(folder: Path, jobs: int, devices: int, waiting: int, seed: int) -> Found:
    """Run ``jobs`` jobs, ``waiting`` of them at a time, with lock files in ``folder``."""
    names = [f"GPU-made-up-{number}" for number in range(devices)]
    chance, found, running, spans = random.Random(seed), Found(), {}, []
    start, started = time.monotonic(), 0
    while started < jobs or running:
        while started < jobs and len(running) < waiting:
            count = chance.choices([1, 2, devices], [0.8, 0.15, 0.05])[0]
            hold = chance.expovariate(1 / HOLD_S)
            doomed = chance.random() < 0.1
            kill_at = time.monotonic() + chance.uniform(0, 0.3) if doomed else None
            pid, pipe = _fork(folder, names, count, hold + (1.0 if doomed else 0.0))
            running[pid] = _Job(time.monotonic(), pipe, kill_at)
            started += 1
        for pid, job in running.items():
            if job.kill_at and not job.killed and time.monotonic() > job.kill_at:
                job.killed = time.monotonic()  # it held to this moment, if it did
                os.kill(pid, signal.SIGKILL)
        pid, _ = os.waitpid(-1, os.WNOHANG)
        if not pid:
            time.sleep(0.0005)
            continue
        _note(found, spans, running.pop(pid))
    found.seconds = time.monotonic() - start
    found.double = _overlaps(spans)
    found.passed_by = _passed_by(spans)
    return found


def _fork(folder: Path, names: list[str], count: int, hold: float) -> tuple[int, int]:
    """Start a job; return its process, and the pipe in which it says what it held from when on."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        os.environ |= {"CUDA_VISIBLE_DEVICES": ",".join(names), "PATH": ""}
        os.environ.pop("SLURM_JOB_ID", None)
        os.environ.pop(gpu_lease.PLACES, None)
        gpu_lease.LEASE_DIR = folder
        queue = gpu_lease.DeviceQueue(count)
        leased = queue.lease(timeout_s=600)
        os.write(writing, f"{time.monotonic()} {','.join(leased)}\n".encode())
        time.sleep(hold)
        os.write(writing, f"{time.monotonic()}\n".encode())
    finally:
        os._exit(0)


_Span = tuple[float, float, float, list[str]]  # begun to wait, held from, held to, devices


def _note(found: Found, spans: list[_Span], job: _Job) -> None:
    with os.fdopen(job.pipe) as pipe:
        lines = pipe.read().splitlines()
    if not lines:
        found.killed_waiting += 1
        return
    since, _, held = lines[0].partition(" ")
    found.leased += 1
    found.killed_holding += len(lines) == 1
    until = float(lines[1]) if len(lines) > 1 else job.killed
    assert until is not None, "a job ended by itself and did not say when"
    found.longest_wait_s = max(found.longest_wait_s, float(since) - job.begun)
    spans.append((job.begun, float(since), until, held.split(",")))


def _overlaps(spans: list[_Span]) -> int:
    """Times that a device was leased while another held it."""
    last: dict[str, float] = {}
    double = 0
    for _, since, until, held in sorted(spans, key=lambda span: span[1]):
        for device in held:
            double += since < last.get(device, 0.0)
            last[device] = max(until, last.get(device, 0.0))
    return double


def _passed_by(spans: list[_Span]) -> int:
    """The most jobs that began to wait after some job did and had their devices before it."""
    return max(
        (sum(b > begun and s < since for b, s, _, _ in spans) for begun, since, _, _ in spans),
        default=0,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--devices", type=int, default=8)
    parser.add_argument("--waiting", type=int, default=24, help="jobs that there are at a time")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = stress(Path(folder), asked.jobs, asked.devices, asked.waiting, asked.seed)
    for name, value in vars(found).items():
        print(f"{name:16} {value:.2f}" if isinstance(value, float) else f"{name:16} {value}")


if __name__ == "__main__":
    main()
