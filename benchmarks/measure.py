"""Seconds and memory of a piece of work in this process."""

import statistics
from collections.abc import Callable
from pathlib import Path


def measured(once: Callable[[], float], repeats: int) -> dict[str, float]:
    """Median seconds of ``repeats`` runs, and the peak of the first: later ones find a used heap.

    ``once`` returns the seconds that count.
    """
    seconds = [once()]
    peak = peak_mb()
    seconds += [once() for _ in range(repeats - 1)]
    return {"seconds": statistics.median(seconds), "peak_mb": peak}


def peak_mb() -> float:
    """Peak resident set of this process; unlike ru_maxrss, not inherited from the parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
