"""The summary of benchmark files adds up what Snakemake measured."""

from pathlib import Path

import pandas as pd
import pytest

from pez.runtime.errors import ArtifactError
from pez.runtime.timings import summarise_timings, write_timings

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def benchmark(folder: Path, rule: str, job: str, seconds: float, memory: str, cpu: str) -> Path:
    path = folder / rule / f"{job}.tsv"
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEADER + f"{seconds}\t0:00:01\t{memory}\t1\t1\t1\t0\t0\t99.0\t{cpu}\n")
    return path


def test_jobs_are_summed_rule_by_rule(tmp_path: Path) -> None:
    files = [
        benchmark(tmp_path, "fit_probe", "a", 10.0, "500.5", "9.0"),
        benchmark(tmp_path, "render", "000", 30.0, "800.0", "28.0"),
        benchmark(tmp_path, "render", "001", 40.0, "700.0", "39.0"),
        benchmark(tmp_path, "draw", "x", 0.4, "-", "-"),  # too short to be sampled
        tmp_path / "render" / "gone.tsv",
    ]
    table = summarise_timings(files).set_index("rule")
    assert list(table.index) == ["render", "fit_probe", "draw", "total"]
    assert table.loc["render", ["jobs", "wall_s", "longest_s", "cpu_s"]].tolist() == [2, 70, 40, 67]
    assert table.loc["total", "wall_s"] == pytest.approx(80.4)
    assert table.loc["render", "share"] == pytest.approx(70 / 80.4)
    assert table.loc["total", "peak_memory_mb"] == 800.0

    write_timings(files, tmp_path / "t.csv", tmp_path / "t.md")
    assert pd.read_csv(tmp_path / "t.csv")["rule"].tolist() == list(table.index)
    assert "| render | 2 | 70.0 | 87.1% | 40.0 | 67.0 | 800 |" in (tmp_path / "t.md").read_text()


def test_no_file_and_a_foreign_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"none of the 1 .*gone\.tsv.*--forceall"):
        summarise_timings([tmp_path / "render" / "gone.tsv"])
    (tmp_path / "render").mkdir()
    foreign = tmp_path / "render" / "x.tsv"
    foreign.write_text("a\tb\n1\t2\n")
    with pytest.raises(ArtifactError, match=r"x\.tsv is not a benchmark file"):
        summarise_timings([foreign])
