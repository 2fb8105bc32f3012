"""Who runs in a working directory: told by a lock that ends with its process, unlike Snakemake's.

Snakemake's own locks are files that say which outputs a run makes. A killed run leaves them, and
the next is refused until somebody unlocks. Every run here also holds a lock of the kernel, shared
with other runs: who finds nobody else's knows that what lies there is of the dead.
"""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_RUNNER = "PEZ_RUNNER"  # environment variable: process of Snakemake, and where it is one


@contextmanager
def running(file: Path) -> Iterator[list[str]]:
    """Say in ``file`` that this process runs here, until the block ends.

    Yields:
        Other runs that may live, as "process N of HOST": those of this machine that do, and those
        of other machines, whose locks may not be seen from here.
    """
    host = socket.gethostname()
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    try:
        named = os.pread(descriptor, 1 << 16, 0).decode(errors="replace").splitlines()
        own = f"process {os.getpid()} of {host}"
        away = [run for run in named if not run.endswith(f" of {host}")]
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            named = []  # of this machine nobody else lives
            os.ftruncate(descriptor, 0)
            os.write(descriptor, "".join(f"{run}\n" for run in away).encode())
        os.write(descriptor, f"{own}\n".encode())
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield [*away, *(run for run in named if run not in away and _lives(run))]
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def call_runner() -> None:
    """Tell the jobs that this process will start which process it is."""
    os.environ[_RUNNER] = f"{os.getpid()} {_namespace()}"


def runner_is_dead() -> bool:
    """Whether the Snakemake that started this process was killed meanwhile."""
    process, _, namespace = os.environ.get(_RUNNER, "").partition(" ")
    return bool(process) and namespace == _namespace() and not Path("/proc", process).exists()


def _namespace() -> str:
    """Where numbers of processes mean the same: a container may have its own."""
    return str(Path("/proc/self/ns/pid").stat().st_ino)


def _lives(run: str) -> bool:
    return Path("/proc", run.split()[1]).exists()
