"""Lease whole GPUs of this machine to one process.

Snakemake counts the resource ``gpu`` and names no device. Here a process takes one lock file per
device and holds it for life: the kernel drops the locks on any exit, SIGKILL included, so a dead
job frees its devices at once and nothing has to be cleaned up.

A run may use ``--resources gpu=N`` devices and starts more jobs than that, so that the next ones
import and read while those before them compute (rules/devices.smk). The lease keeps to N: beside
the device a job locks one of N places, which all jobs of one working directory share.
"""

import hashlib
import logging
import os
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from filelock import FileLock, Timeout

from pez.runtime.errors import PezError

# One place for every job of this machine. Not tempfile.gettempdir(): it follows $TMPDIR, which
# differs between users and jobs, and two jobs with two lock folders would share a device.
LEASE_DIR = Path(os.environ.get("PEZ_GPU_LEASE_DIR", "/tmp/pez-gpu-leases"))
PLACES = "PEZ_GPU_PLACES"  # environment variable: devices that the run may use at a time
POLL_SECONDS = 0.05
TIMEOUT_SECONDS = 24 * 3600.0

_held: list[ExitStack] = []  # keeps the locks of this process until it exits

logger = logging.getLogger(__name__)


def visible_devices() -> list[str]:
    """Return the devices this process may use: CUDA_VISIBLE_DEVICES if set, else all GPU UUIDs."""
    return _Listing().devices()


class _Listing:
    """The list of devices; nvidia-smi, which may take a second, is asked and not awaited."""

    def __init__(self) -> None:
        self._given = os.environ.get("CUDA_VISIBLE_DEVICES")
        self._asked: subprocess.Popen[str] | None = None
        if self._given is None:
            query = ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]
            try:
                self._asked = subprocess.Popen(
                    query, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
                )
            except OSError:
                self._given = ""

    def devices(self) -> list[str]:
        if self._given is None:
            assert self._asked is not None
            listed = self._asked.communicate()[0]
            self._given = "" if self._asked.returncode else ",".join(listed.split())
        return [name.strip() for name in self._given.split(",") if name.strip()]


class DeviceQueue:
    """The wish of this process for ``count`` GPUs; no device is taken before `lease`.

    Until then the process sees none, so that a library that looks for one cannot use another's.
    Under Slurm the scheduler has already given the job its own devices.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._listing = _Listing() if count else None
        if "SLURM_JOB_ID" not in os.environ or not count:
            os.environ["CUDA_VISIBLE_DEVICES"] = ""

    def lease(self, timeout_s: float = TIMEOUT_SECONDS) -> list[str]:
        """Lease the GPUs for the life of this process and set CUDA_VISIBLE_DEVICES to them.

        Call it before CUDA is initialised. Blocks while other jobs hold the devices. Returns the
        leased devices; an empty list means: compute on the CPU (the count is 0, or the machine has
        no GPU).

        Raises:
            PezError: more GPUs are asked for than this machine has, or none came free in time.
        """
        devices = self._listing.devices() if self._listing else []
        if "SLURM_JOB_ID" in os.environ or not devices:
            return devices
        allowed = os.environ.get(PLACES)
        places = int(allowed) if allowed else len(devices)
        # less is granted than asked for, as Snakemake does it with every resource
        count = min(self._count, places) if allowed else self._count
        if count > len(devices):
            raise PezError(
                f"the job asks for {count} GPUs and this machine offers {len(devices)} "
                f"({', '.join(devices)}): run with --resources gpu={len(devices)}"
            )
        LEASE_DIR.mkdir(mode=0o1777, parents=True, exist_ok=True)
        give_up = time.monotonic() + timeout_s
        while not (leased := _try_lease(count, devices, _places(places))):
            if time.monotonic() > give_up:
                raise PezError(
                    f"no {count} of the GPUs {', '.join(devices)} came free in {timeout_s:.0f} s: "
                    f"see which processes hold the files in {LEASE_DIR}"
                )
            time.sleep(POLL_SECONDS)
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(leased)
        return leased


def _places(count: int) -> list[str]:
    """Names of the places that the jobs of this working directory share."""
    folder = hashlib.sha256(os.fsencode(Path.cwd())).hexdigest()[:16]
    return [f"run-{folder}-{place}" for place in range(count)]


def _try_lease(count: int, devices: Sequence[str], places: Sequence[str]) -> list[str]:
    """Lock ``count`` free devices and as many places.

    All or none, so that two jobs of two GPUs cannot deadlock.
    """
    with FileLock(LEASE_DIR / "gate.lock", mode=0o666), ExitStack() as taken:
        leased = _lock_free(count, devices, taken)
        if len(leased) == count == len(_lock_free(count, places, taken)):
            _held.append(taken.pop_all())
            return leased
    return []


def _lock_free(count: int, names: Sequence[str], taken: ExitStack) -> list[str]:
    """Lock up to ``count`` of ``names`` that nobody holds, until ``taken`` is closed."""
    locked: list[str] = []
    for name in names:
        if len(locked) == count:
            break
        lock = FileLock(LEASE_DIR / f"{name.replace('/', '_')}.lock", mode=0o666)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            continue
        taken.callback(lock.release)
        locked.append(name)
    return locked
