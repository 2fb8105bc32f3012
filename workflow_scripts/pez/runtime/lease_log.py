"""The record of which job held which GPU when: one CSV line per device, lease and release.

Lines are appended by the jobs themselves, each in one write, so that those of jobs that run at the
same time do not mix. A job that is killed writes no release: its devices are free from its death
on, and the next lease of one of them is the latest moment that it can have died.
"""

import csv
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

COLUMNS = ("time_s", "event", "pid", "rule", "device")


@dataclass(frozen=True)
class Lease:
    """One device in the hands of one job.

    Attributes:
        device: UUID, or what CUDA_VISIBLE_DEVICES calls it.
        rule: of the job.
        pid: its process.
        start: Unix time of the lease, seconds.
        end: of the release; None if the job was killed or still runs.
    """

    device: str
    rule: str
    pid: int
    start: float
    end: float | None


def record(
    path: Path, event: Literal["lease", "release"], rule: str, devices: Sequence[str]
) -> None:
    """Append what this process does with ``devices``."""
    now = f"{time.time():.6f}"
    lines = [",".join((now, event, str(os.getpid()), rule, device)) for device in devices]
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        os.write(handle, "".join(f"{line}\n" for line in lines).encode())
    finally:
        os.close(handle)


def read_leases(path: Path) -> list[Lease]:
    """Return all leases in the record, by device and start."""
    releases: dict[tuple[str, str], list[float]] = {}
    starts = []
    with path.open(newline="") as file:
        for row in csv.DictReader(file, fieldnames=COLUMNS):
            if row["event"] == "lease":
                starts.append(row)
            else:
                releases.setdefault((row["pid"], row["device"]), []).append(float(row["time_s"]))
    leases = []
    for row in starts:
        start = float(row["time_s"])
        ends = [end for end in releases.get((row["pid"], row["device"]), []) if end >= start]
        leases.append(
            Lease(row["device"], row["rule"], int(row["pid"]), start, min(ends, default=None))
        )
    return sorted(leases, key=lambda lease: (lease.device, lease.start))


def overlapping(leases: Sequence[Lease]) -> list[tuple[Lease, Lease]]:
    """Return the pairs of leases of one device of which the second began before the first ended.

    A lease without an end cannot be seen to overlap.
    """
    return [
        (one, other)
        for index, one in enumerate(leases)
        for other in leases[index + 1 :]
        if one.device == other.device and one.end is not None and other.start < one.end
    ]
