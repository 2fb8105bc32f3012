"""How long a run still takes, by what jobs took before, from Snakemake's benchmark files."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean


@dataclass(frozen=True)
class Waiting:
    """A job that has not ended.

    Attributes:
        benchmark: its benchmark file, ``.../{stage}/{job}.tsv``, there or not.
        cores: it takes.
        gpus: it takes.
    """

    benchmark: Path
    cores: int
    gpus: int


class Durations:
    """Wall time of jobs. Files are read when they are new, since they are asked for often."""

    def __init__(self) -> None:
        self._read: dict[Path, tuple[int, float | None]] = {}

    def of(self, benchmarks: Sequence[Path]) -> list[float | None]:
        """Seconds of jobs the last time, else the mean of their stage; None: none is known."""
        mean = cache(self._mean)  # of a stage once, however many of its jobs wait
        own = ((file, self._seconds(file)) for file in benchmarks)
        return [mean(file.parent) if seconds is None else seconds for file, seconds in own]

    def _mean(self, stage: Path) -> float | None:
        seconds = [self._seconds(file) for file in stage.glob("*.tsv")]
        known = [one for one in seconds if one is not None]
        return fmean(known) if known else None

    def _seconds(self, file: Path) -> float | None:
        try:
            changed = file.stat().st_mtime_ns
            if self._read.get(file, (None,))[0] != changed:
                with file.open(newline="") as opened:
                    (row,) = csv.DictReader(opened, delimiter="\t")
                self._read[file] = changed, float(row["s"])
        except (OSError, ValueError, KeyError, TypeError):  # not there, or half written
            return None
        return self._read[file][1]


def time_left(jobs: Sequence[Waiting], durations: Durations, cores: int, gpus: int) -> str | None:
    """Say how long ``jobs`` take with ``cores`` and ``gpus``; None where nothing is known of any.

    Cores and GPUs are taken to be busy until the end, and no job ends before the longest would.
    """
    seconds = durations.of([job.benchmark for job in jobs])
    known = {job: time for job, time in zip(jobs, seconds, strict=True) if time is not None}
    if not known:
        return None
    left = max(
        sum(time * min(job.cores, cores) for job, time in known.items()) / cores,
        sum(time * min(job.gpus, gpus) for job, time in known.items()) / max(gpus, 1),
        *known.values(),
    )
    unknown = len(jobs) - len(known)
    beside = {0: "", 1: ", and a job of a stage that never ran here"}
    others = beside.get(unknown, f", and {unknown} jobs of stages that never ran here")
    return f"About {_words(left)} left{others}."


def _words(seconds: float) -> str:
    if seconds < 60:
        return "a minute"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
