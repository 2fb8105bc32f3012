"""What every rule's script does around its work: log, threads, GPU, and a clean end."""

import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pez.runtime.errors import PezError
from pez.runtime.gpu_lease import lease_gpus
from pez.runtime.lease_log import record
from pez.runtime.note import write_note
from pez.runtime.progress import set_terminal

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What the machine grants to a running job."""

    device: str  # "cpu" or "cuda"
    threads: int


@contextmanager
def job(snakemake: Any) -> Iterator[Job]:
    """Run the body of a rule's script: ``with job(snakemake) as run: ...``.

    Everything printed goes to the rule's log file (progress bars stay on the terminal), the
    threads of the numerical libraries follow the rule's ``threads``, and a rule with the resource
    ``gpu`` holds its devices until the process ends (``logs/gpu_leases.csv`` tells who held what).
    Import torch inside the ``with`` block: the device has to be chosen first. The output ``note``
    is written last, with the provenance of the others. A `PezError` ends the job with its message
    alone.
    """
    _die_with_parent()
    terminal = _redirect_output(Path(snakemake.log[0])) if snakemake.log else sys.stderr
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    logging.captureWarnings(True)
    threads = min(snakemake.threads, len(os.sched_getaffinity(0)))
    os.environ["OMP_NUM_THREADS"] = str(threads)
    started = time.monotonic()
    leased: list[str] = []
    lease_log = Path(snakemake.log[0]).parents[1] / "gpu_leases.csv" if snakemake.log else None
    try:
        leased = _lease(snakemake.resources.get("gpu", 0))
        if leased and lease_log:
            record(lease_log, "lease", snakemake.rule, leased)
        yield Job(device="cuda" if leased else "cpu", threads=threads)
        if note := snakemake.output.get("note"):
            write_note(note, snakemake.params.made["provenance"])
    except PezError as error:
        logger.error("%s", error)
        print(f"Error in rule {snakemake.rule}: {error}", file=terminal, flush=True)
        raise SystemExit(1) from None
    finally:
        if leased and lease_log:
            record(lease_log, "release", snakemake.rule, leased)
        logger.info("rule %s ended after %.1f s", snakemake.rule, time.monotonic() - started)


def _lease(gpus: int) -> list[str]:
    """Lease ``gpus`` devices; an empty list means the CPU. The log says which."""
    leased = lease_gpus(gpus)
    if leased:
        logger.info("leased GPU %s", ", ".join(leased))
    elif gpus:
        logger.info("computing on the CPU: this machine offers no GPU")
    else:
        logger.info("computing on the CPU: the rule was granted no GPU")
    return leased


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
