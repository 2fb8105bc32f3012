"""What is said of the time that a run still takes."""

from pathlib import Path

import pytest

from pez.runtime.time_left import Durations, Waiting, time_left


def benchmark(folder: Path, stage: str, job: str, seconds: float | str) -> Path:
    file = folder / stage / f"{job}.tsv"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"s\tmax_rss\n{seconds}\t1.0\n")
    return file


def test_a_job_takes_what_it_took_or_what_its_stage_takes(tmp_path: Path) -> None:
    own = benchmark(tmp_path, "fit", "a", 30.0)
    benchmark(tmp_path, "fit", "b", 50.0)
    durations = Durations()
    assert durations.of([own]) == [30.0]
    assert durations.of([tmp_path / "fit/c.tsv"]) == [40.0]
    assert durations.of([tmp_path / "draw/c.tsv"]) == [None]
    benchmark(tmp_path, "fit", "a", 100.0)
    assert durations.of([own]) == [100.0]


@pytest.mark.parametrize("damage", ["", "half", "s\n", "s\nlong\n", "s\n1\n2\n"])
def test_a_damaged_benchmark_file_tells_nothing(tmp_path: Path, damage: str) -> None:
    file = benchmark(tmp_path, "fit", "a", 30.0)
    file.write_text(damage)
    assert Durations().of([file]) == [None]


@pytest.mark.parametrize(
    ("cores", "gpus", "said"),
    [
        (1, 0, "About 20 min left."),
        (2, 0, "About 10 min left."),
        (64, 0, "About 5 min left."),  # the longest job
        (64, 1, "About 10 min left."),  # on the one device, one after the other
        (64, 2, "About 5 min left."),
    ],
)
def test_jobs_share_cores_and_devices(tmp_path: Path, cores: int, gpus: int, said: str) -> None:
    jobs = [
        Waiting(benchmark(tmp_path, "extract", str(number), 300.0), 1, number % 2)
        for number in range(4)
    ]
    assert time_left(jobs, Durations(), cores, gpus) == said


def test_stages_that_never_ran_are_named_by_number(tmp_path: Path) -> None:
    known = Waiting(benchmark(tmp_path, "fit", "a", 10.0), 1, 0)
    new = [Waiting(tmp_path / f"draw/{number}.tsv", 1, 0) for number in range(3)]
    assert time_left(new, Durations(), 2, 0) is None
    assert time_left([], Durations(), 2, 0) is None
    found = time_left([known, *new], Durations(), 2, 0)
    assert found == "About a minute left, and 3 jobs of stages that never ran here."
    found = time_left([known, new[0]], Durations(), 2, 0)
    assert found == "About a minute left, and a job of a stage that never ran here."


def test_long_runs_are_told_in_hours(tmp_path: Path) -> None:
    jobs = [Waiting(benchmark(tmp_path, "fit", "a", 9000.0), 1, 0)]
    assert time_left(jobs, Durations(), 1, 0) == "About 2.5 h left."
