"""Lease whole GPUs of this machine to one process.

Snakemake counts the resource ``gpu`` and names no device. Here a process takes one lock file per
device and holds it for life: the kernel drops the locks on any exit, SIGKILL included, so a dead
job frees its devices at once and nothing has to be cleaned up.
"""

import logging
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from pez.runtime.errors import PezError

# One place for every job of this machine. Not tempfile.gettempdir(): it follows $TMPDIR, which
# differs between users and jobs, and two jobs with two lock folders would share a device.
LEASE_DIR = Path(os.environ.get("PEZ_GPU_LEASE_DIR", "/tmp/pez-gpu-leases"))
POLL_SECONDS = 0.2

_held: list[FileLock] = []  # keeps the locks of this process alive until it exits

logger = logging.getLogger(__name__)


def visible_devices() -> list[str]:
    """Return the devices this process may use: CUDA_VISIBLE_DEVICES if set, else all GPU UUIDs."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        return [name.strip() for name in given.split(",") if name.strip()]
    query = ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]
    try:
        listed = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return listed.split()


def lease_gpus(count: int, timeout_s: float = 24 * 3600.0) -> list[str]:
    """Lease ``count`` GPUs for the life of this process and set CUDA_VISIBLE_DEVICES to them.

    Call it before torch is imported. Blocks while other jobs hold the devices. Returns the leased
    devices; an empty list means: compute on the CPU (``count`` is 0, or the machine has no GPU).
    Under Slurm the scheduler has already given the job its own devices; they are returned as is.

    Raises:
        PezError: more GPUs are asked for than this machine has, or none came free in time.
    """
    if count == 0:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        return []
    devices = visible_devices()
    if "SLURM_JOB_ID" in os.environ or not devices:
        return devices
    if count > len(devices):
        raise PezError(
            f"the job asks for {count} GPUs and this machine offers {len(devices)} "
            f"({', '.join(devices)}): run with --resources gpu={len(devices)}"
        )
    LEASE_DIR.mkdir(mode=0o1777, parents=True, exist_ok=True)
    give_up = time.monotonic() + timeout_s
    while not (leased := _try_lease(count, devices)):
        if time.monotonic() > give_up:
            raise PezError(
                f"no {count} of the GPUs {', '.join(devices)} came free in {timeout_s:.0f} s: "
                f"see which processes hold the files in {LEASE_DIR}"
            )
        time.sleep(POLL_SECONDS)
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(leased)
    return leased


def _try_lease(count: int, devices: Sequence[str]) -> list[str]:
    """Lock ``count`` free devices, all or none (so that two jobs of two GPUs cannot deadlock)."""
    with FileLock(LEASE_DIR / "gate.lock", mode=0o666):
        taken: dict[str, FileLock] = {}
        for device in devices:
            lock = FileLock(LEASE_DIR / f"{device.replace('/', '_')}.lock", mode=0o666)
            try:
                lock.acquire(blocking=False)
            except Timeout:
                continue
            taken[device] = lock
            if len(taken) == count:
                _held.extend(taken.values())
                return list(taken)
        for lock in taken.values():
            lock.release()
        return []
