"""Lease whole GPUs of this machine to one process.

Snakemake counts the resource ``gpu`` and names no device. Here a process takes one lock file per
device and holds it for life: the kernel drops the locks on any exit, SIGKILL included, so a dead
job frees its devices at once and nothing has to be cleaned up. All users of a machine share the
files, whatever their umask, and devices go by one name each (`pez.runtime.gpu_devices`).

A run may use ``--resources gpu=N`` devices and starts more jobs than that, so that the next ones
import and read while those before them compute (rules/devices.smk). The lease keeps to N: before
the device a job locks one of N places, which all jobs of one working directory share. Of the jobs
that wait for the same places, or for the same devices, one at a time tries: who wants two devices
is not passed by others for ever.
"""

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from pez.runtime.errors import PezError
from pez.runtime.gpu_devices import Listing

# One place for every job of this machine. Not tempfile.gettempdir(): it follows $TMPDIR, which
# differs between users and jobs, and two jobs with two lock folders would share a device.
LEASE_DIR = Path(os.environ.get("PEZ_GPU_LEASE_DIR", "/tmp/pez-gpu-leases"))
PLACES = "PEZ_GPU_PLACES"  # environment variable: devices that the run may use at a time
POLL_SECONDS = 0.01
TIMEOUT_SECONDS = 24 * 3600.0

_held: list[ExitStack] = []  # keeps the locks of this process until it exits


def visible_devices() -> list[str]:
    """Return the devices this process may use: see `pez.runtime.gpu_devices`."""
    return Listing().devices()


class DeviceQueue:
    """The wish of this process for ``count`` GPUs; no device is taken before `lease`.

    Until then the process sees none, so that a library that looks for one cannot use another's.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._listing = Listing() if count else None
        self.complaint: str | None = None  # after `lease`: why the machine's devices are unknown
        os.environ["CUDA_VISIBLE_DEVICES"] = ""

    def lease(self, timeout_s: float = TIMEOUT_SECONDS) -> list[str]:
        """Lease the GPUs for the life of this process and set CUDA_VISIBLE_DEVICES to them.

        Call it before CUDA is initialised. Blocks while other jobs hold the devices. Returns the
        leased devices; an empty list means: compute on the CPU (the count is 0, or the machine has
        no GPU).

        Raises:
            PezError: more GPUs are asked for than this machine has, none came free in time, or the
                lock files are not for this user to write.
        """
        if self._listing is None:
            return []
        devices = self._listing.devices()
        self.complaint = self._listing.complaint
        if not devices:
            return []
        places = int(os.environ.get(PLACES) or 0)  # nothing is said to jobs of a cluster with GPUs
        # less is granted than asked for, as Snakemake does it with every resource
        count = min(self._count, places) if places else self._count
        if count > len(devices):
            raise PezError(
                f"the job asks for {count} GPUs and this machine offers {len(devices)} "
                f"({', '.join(devices)}): run with --resources gpu={len(devices)}"
            )
        _share_folder()
        give_up = time.monotonic() + timeout_s
        wait = f"no {count} of the GPUs {', '.join(devices)} came free in {timeout_s:.0f} s"
        taken = ExitStack()
        if places:
            run = f"run-{_digest(str(Path.cwd()))}"
            names = [f"{run}-{place}" for place in range(places)]
            _in_turn(run, count, names, taken, give_up, wait)
        locks = {_lock_name(device): device for device in devices}
        turn = f"devices-{_digest(','.join(sorted(locks)))}"
        leased = _in_turn(turn, count, list(locks), taken, give_up, wait)
        names = [locks[name] for name in leased]
        _held.append(taken)
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(names)
        return names


def _lock_name(device: str) -> str:
    """Name of the lock of a device. An index that nothing could tell the UUID of means another
    device in every allocation of a cluster, which has dealt them out to one job each."""
    allocation = os.environ.get("SLURM_JOB_ID", "") if device.isdecimal() else ""
    return f"{device.replace('/', '_')}{allocation and '-of-job-' + allocation}"


def _digest(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:16]


def _share_folder() -> None:
    """Make the folder of the locks so that every user may add to it, whatever the umask is."""
    if not LEASE_DIR.exists():
        LEASE_DIR.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=LEASE_DIR.parent))
        made.chmod(0o1777)
        try:
            made.rename(LEASE_DIR)
        except OSError:  # another job was faster
            made.rmdir()
    if not os.access(LEASE_DIR, os.W_OK | os.X_OK):
        raise PezError(
            f"{LEASE_DIR} holds the locks of this machine's GPUs and is not for you to write: have "
            f"its owner (user {LEASE_DIR.stat().st_uid}) run `chmod 1777 {LEASE_DIR}`, or all "
            "users of the machine set PEZ_GPU_LEASE_DIR to another folder."
        )


def _in_turn(
    turn: str, count: int, names: Sequence[str], taken: ExitStack, give_up: float, wait: str
) -> list[str]:
    """Lock ``count`` of ``names`` until ``taken`` is closed, and return which.

    All or none at a time, so that two jobs of two GPUs cannot deadlock. While it waits it holds the
    lock ``turn``, for which those that come later wait.

    Raises:
        PezError: it is past ``give_up``; the message begins with ``wait``.
    """

    def until(succeeds: Callable[[], list[str]]) -> list[str]:
        while not (found := succeeds()):
            if time.monotonic() > give_up:
                raise PezError(f"{wait}: see which processes hold the files in {LEASE_DIR}")
            time.sleep(POLL_SECONDS)
        return found

    with ExitStack() as mine:
        until(lambda: _lock_free(1, [f"turn-{turn}"], mine))
        return until(lambda: _try(count, names, taken))


def _try(count: int, names: Sequence[str], taken: ExitStack) -> list[str]:
    with ExitStack() as tried:
        gate = _lock_free(1, ["gate"], tried)
        if not gate:
            return []
        with ExitStack() as locks:
            locked = _lock_free(count, names, locks)
            if len(locked) < count:
                return []
            taken.push(locks.pop_all())
            return locked


def _lock_free(count: int, names: Sequence[str], taken: ExitStack) -> list[str]:
    """Lock up to ``count`` of ``names`` that nobody holds, until ``taken`` is closed."""
    locked: list[str] = []
    for name in names:
        if len(locked) == count:
            break
        lock = _lock(LEASE_DIR / f"{name}.lock")
        if lock is not None:
            taken.callback(os.close, lock)
            locked.append(name)
    return locked


def _lock(path: Path) -> int | None:
    """Return the descriptor that holds the lock of a file; None if another process holds it."""
    descriptor = _open_shared(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # What clears old files away may have taken this one since it was opened.
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            os.utime(descriptor)
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def _open_shared(path: Path) -> int:
    """Open a lock file that any user may have made.

    The kernel refuses to *create* what another user owns in a folder of everybody
    (fs.protected_regular), so that a file that is there is opened without.
    """
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    while True:
        try:
            return os.open(path, flags)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise PezError(
                f"{path}, the lock of a GPU, cannot be opened ({error.strerror}): have its owner "
                "remove it when no job runs."
            ) from error
        # Everybody's from its first moment on, whatever the umask is.
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".") as made:
            os.fchmod(made.fileno(), 0o666)
            with suppress(FileExistsError):
                os.link(made.name, path)
