"""When a job began, had its imports, its device and its first result: what a person waited for.

One line a moment in ``logs/moments.csv``, appended by the jobs themselves, each in one write.
`benchmarks/waiting.py` adds them up. It is silent code: no number depends on it.
"""

import csv
import os
import time
from pathlib import Path
from typing import NamedTuple

COLUMNS = ("time_s", "pid", "rule", "job", "moment")


class Moment(NamedTuple):
    """One line of the record.

    Attributes:
        time_s: Unix time.
        pid: process of the job.
        rule: of the job.
        job: name of its log file, without the ending.
        moment: what happened.
    """

    time_s: float
    pid: int
    rule: str
    job: str
    moment: str


class _Record:
    """Where the moments of this process go; nowhere until `follow` is called."""

    path: Path | None = None
    rule = job = ""


def follow(path: Path, rule: str, job: str) -> None:
    """Append the moments of this process to ``path`` from now on, the first that of its start."""
    _Record.path, _Record.rule, _Record.job = path, rule, job
    path.parent.mkdir(parents=True, exist_ok=True)
    _append("process", _process_start())
    moment("begun")


def moment(name: str) -> None:
    """Note that ``name`` has come about now."""
    _append(name, time.time())


def _append(name: str, at: float) -> None:
    if _Record.path is None:
        return
    line = f"{at:.3f},{os.getpid()},{_Record.rule},{_Record.job},{name}\n"
    handle = os.open(_Record.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        os.write(handle, line.encode())
    finally:
        os.close(handle)


def _process_start() -> float:
    """Unix time at which this process was started; now, where the kernel does not say it."""
    try:
        after_name = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        since_boot = float(Path("/proc/uptime").read_text().split()[0])
    except OSError:
        return time.time()
    return time.time() - (since_boot - int(after_name[19]) / os.sysconf("SC_CLK_TCK"))


def read_moments(path: Path) -> list[Moment]:
    """Return all moments in the record, in the order in which they came about."""
    with path.open(newline="") as file:
        rows = [
            Moment(float(at), int(pid), rule, job, name)
            for at, pid, rule, job, name in csv.reader(file)
        ]
    return sorted(rows, key=lambda moment: moment.time_s)  # of one time: as they were written
