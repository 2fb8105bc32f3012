"""What every rule's script does around its work: log, threads, GPU, and a clean end."""

import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from pez.runtime.errors import PezError
from pez.runtime.gpu_lease import DeviceQueue
from pez.runtime.lease_log import record
from pez.runtime.moments import follow, moment
from pez.runtime.note import write_note
from pez.runtime.progress import set_terminal
from pez.runtime.run_lock import runner_is_dead

logger = logging.getLogger(__name__)


class Job:
    """What the machine grants to a running job."""

    def __init__(self, rule: str, threads: int, gpus: int, lease_log: Path | None) -> None:
        self.threads = threads
        self.leased: list[str] = []
        self._rule, self._gpus, self._lease_log = rule, gpus, lease_log
        self._queue = DeviceQueue(gpus)

    @cached_property
    def device(self) -> str:
        """ "cuda" or "cpu"; of a rule with the resource ``gpu`` asking for it waits for a device.

        So ask when everything is imported and read that needs none: other jobs compute meanwhile.
        """
        moment("ready")
        self.leased = self._queue.lease()
        if self.leased:
            _check_usable(self.leased)
            logger.info("leased GPU %s", ", ".join(self.leased))
            if self._lease_log:
                record(self._lease_log, "lease", self._rule, self.leased)
        elif self._gpus:
            why = f" ({self._queue.complaint})" if self._queue.complaint else ""
            logger.info("computing on the CPU: this machine offers no GPU%s", why)
        else:
            logger.info("computing on the CPU: the rule was granted no GPU")
        moment("device")
        return "cuda" if self.leased else "cpu"

    def end(self) -> None:
        """Note the release of the devices; they are free when the process has ended."""
        if self.leased and self._lease_log:
            record(self._lease_log, "release", self._rule, self.leased)


@contextmanager
def job(snakemake: Any) -> Iterator[Job]:
    """Run the body of a rule's script: ``with job(snakemake) as run: ...``.

    Everything printed goes to the rule's log file (progress bars stay on the terminal), the
    threads of the numerical libraries follow the rule's ``threads``, and a rule with the resource
    ``gpu`` holds its devices from the first look at ``run.device`` until the process ends
    (``logs/gpu_leases.csv`` tells who held what, ``logs/moments.csv`` what the time went to).
    Import torch inside the ``with`` block: it reads the number of threads. The outputs ``note`` are
    written last, with the provenance of the others. A `PezError` ends the job with its message
    alone.
    """
    _die_with_parent()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Ctrl-C ends the job at once; Python's exception would fill the log, or Blender catch it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    log = Path(snakemake.log[0]) if snakemake.log else None
    terminal = _redirect_output(log) if log else sys.stderr
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    logging.captureWarnings(True)
    if log:
        follow(log.parents[1] / "moments.csv", snakemake.rule, log.stem)
    threads = min(snakemake.threads, len(os.sched_getaffinity(0)))
    os.environ["OMP_NUM_THREADS"] = str(threads)
    started = time.monotonic()
    lease_log = log.parents[1] / "gpu_leases.csv" if log else None
    run = Job(snakemake.rule, threads, snakemake.resources.get("gpu", 0), lease_log)
    try:
        yield run
        notes = snakemake.output.get("note", [])
        for note in [notes] if isinstance(notes, str) else notes:
            write_note(note, snakemake.params.made["provenance"])
    except PezError as error:
        logger.error("%s", error)
        print(f"Error in rule {snakemake.rule}: {error}", file=terminal, flush=True)
        raise SystemExit(1) from None
    finally:
        run.end()
        moment("end")
        logger.info("rule %s ended after %.1f s", snakemake.rule, time.monotonic() - started)


def _check_usable(devices: Sequence[str]) -> None:
    """Try the leased ``devices`` with PyTorch, where the script has imported it.

    Raises:
        PezError: it cannot use them: the driver is too old, or the device is.
    """
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return
    try:
        for number in range(len(devices)):
            torch.ones(1, device=f"cuda:{number}").add(1).cpu()
    except (RuntimeError, AssertionError) as error:  # the latter: a build without CUDA
        said = str(error).strip().split("\n")[0]
        raise PezError(
            f"PyTorch {torch.__version__} cannot use GPU {', '.join(devices)} ({said}). Update the "
            "driver, take another device with CUDA_VISIBLE_DEVICES, or compute on the CPU with "
            "--resources gpu=0."
        ) from error


def _redirect_output(log: Path) -> Any:
    """Send the process's stdout and stderr to ``log``; return the terminal they came from.

    File descriptors are replaced, not just sys.stdout: Blender and PyBullet print from C.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    terminal = os.fdopen(os.dup(2), "w", buffering=1)
    set_terminal(terminal)
    sys.stdout.flush()
    sys.stderr.flush()
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.close(handle)
    return terminal


def _die_with_parent() -> None:
    """Ask the kernel to kill this process when Snakemake dies, so that no orphan keeps a GPU."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGKILL)
        if runner_is_dead():  # killed before the kernel was asked: nothing is begun
            raise SystemExit(1)
