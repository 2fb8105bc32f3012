"""Tables of `waiting.py`: what the seconds of a run went to, by the moments of its jobs."""

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from pez.runtime.moments import Moment

# What a job does between one of its moments and the next, by the name of the later one.
DOING = {
    "begun": "Python and Snakemake's preamble",
    "ready": "imports, reading",
    "device": "waiting for a device",
    "loaded": "weights to the device",
    "first batch": "first batch",
    "queued": "computing",
    "computed": "computing",
    "written": "closing files",
    "imported": "imports, reading",
    "end": "computing",
}
# In this order a second is given away when several jobs ran. A job has the last moment of its own
# when its script ends; from there to Snakemake's record of its end its process goes down.
STAGES = (
    "computing", "first batch", "weights to the device", "closing files", "imports, reading",
    "Python and Snakemake's preamble", "waiting for a device", "end of the process",
    "Snakemake alone",
)  # fmt: skip


class Span(NamedTuple):
    """What one job did from ``start`` to ``end``, Unix times."""

    start: float
    end: float
    job: str
    rule: str
    doing: str


def spans_of(moments: Iterable[Moment]) -> list[Span]:
    """What every job did between its moments."""
    jobs: dict[tuple[int, str, str], list[Moment]] = defaultdict(list)
    for moment in moments:
        jobs[moment.pid, moment.rule, moment.job].append(moment)
    spans = []
    for (_, rule, job), own in jobs.items():
        for before, after in pairwise(own):
            doing = DOING.get(after.moment, "computing")  # others are of one measurement alone
            spans.append(Span(before.time_s, after.time_s, job, rule, doing))
    return spans


def whole_time(spans: Sequence[Span], started: float, ended: float) -> list[str]:
    """Give every moment of the run to one stage."""
    cuts = sorted({started, ended, *(t for s in spans for t in (s.start, s.end))})
    total: dict[str, float] = defaultdict(float)
    for start, end in pairwise(cuts):
        running = {span.doing for span in spans if span.start <= start and span.end >= end}
        total[min(running, key=STAGES.index, default="Snakemake alone")] += end - start
    first = min(span.start for span in spans) - started
    last = ended - max(span.end for span in spans)
    rows = [(stage, total[stage]) for stage in STAGES if total[stage]]
    rows += [("in it: before the first job", first), ("in it: after the last job", last)]
    return table(("what the time went to", "s"), rows)


def by_rule(spans: Sequence[Span], place: Path, started: float) -> list[str]:
    """Seconds of all jobs of a rule, one after the other, by what they did."""
    stages = [stage for stage in STAGES if any(span.doing == stage for span in spans)]
    total: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    jobs: dict[str, set[str]] = defaultdict(set)
    for span in spans:
        rule = short(span.rule)
        total[rule][span.doing] += span.end - span.start
        jobs[rule].add(span.job)
    whole = benchmarks(place, started)
    rows = []
    for rule, seconds in total.items():
        known = sum(seconds.values())
        rows.append(
            (rule, len(jobs[rule]), *(seconds[stage] for stage in stages),
             max(0.0, whole.get(rule, known) - known))
        )  # fmt: skip
    return table(("rule", "jobs", *stages, "end of the process"), rows)


def short(rule: str) -> str:
    return "extract_features" if rule.startswith("extract_") else rule


def benchmarks(place: Path, since: float) -> dict[str, float]:
    """Wall time of the jobs of every rule by Snakemake's benchmark files, newer than ``since``."""
    found: dict[str, float] = defaultdict(float)
    for path in (place / "artifacts/benchmarks").rglob("*.tsv"):
        if path.stat().st_mtime < since:
            continue
        with path.open(newline="") as file:
            found[path.parent.name] += sum(
                float(row["s"]) for row in csv.DictReader(file, delimiter="\t")
            )
    return found


def by_job(spans: Sequence[Span], started: float) -> list[str]:
    """When every job came to what, in seconds from the start of the run."""
    jobs: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for span in spans:
        jobs[short(span.rule), span.job].append(span)
    rows = []
    for (rule, job), own in sorted(jobs.items(), key=lambda item: item[1][0].start):
        parts = ", ".join(
            f"{span.doing} {span.end - span.start:.1f}"
            for span in own
            if span.end - span.start >= 0.05
        )
        rows.append((f"{rule} {job}", own[0].start - started, own[-1].end - started, parts))
    return table(("job", "from", "to", "s of"), rows)


def critical_path(spans: Sequence[Span], started: float, ended: float) -> list[str]:
    """Walk back from the end: what ended last before each job of the path began."""
    jobs: dict[tuple[str, str], tuple[float, float]] = {}
    for span in spans:
        key = (short(span.rule), span.job)
        start, end = jobs.get(key, (span.start, span.end))
        jobs[key] = (min(start, span.start), max(end, span.end))
    path: list[tuple[object, ...]] = []
    until = ended
    while before := {key: times for key, times in jobs.items() if times[1] <= until}:
        key = max(before, key=lambda key: before[key][1])
        start, end = before[key]
        path.append((" ".join(key), end - start, until - end))
        until = start
    path.append(("Snakemake before the first job", until - started, 0.0))
    return table(("critical path, from its start", "s", "s to what follows"), path[::-1])


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    def text(cell: object) -> str:
        return f"{cell:.1f}" if isinstance(cell, float) else str(cell)

    return [
        f"| {' | '.join(names)} |",
        "|" + "|".join("---" if n == 0 else "---:" for n in range(len(names))) + "|",
        *(f"| {' | '.join(map(text, row))} |" for row in rows),
    ]
