"""What the jobs of a run took, rule by rule, from the benchmark files that Snakemake writes."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pez.runtime.atomic import atomic_path
from pez.runtime.errors import ArtifactError

COLUMNS = (
    "rule",
    "jobs",
    "wall_s",  # all jobs one after the other
    "share",  # of the wall time of all rules
    "longest_s",
    "cpu_s",
    "peak_memory_mb",  # of one job
)


def summarise_timings(files: Sequence[Path]) -> pd.DataFrame:
    """Sum up benchmark files ``.../{rule}/{job}.tsv``: one row per rule, and a row "total".

    A job of which there is no file, because it ran before the files were deleted, is left out.

    Returns:
        Table with the columns `COLUMNS`, the longest rule first.

    Raises:
        ArtifactError: there is no file at all, or one is not Snakemake's.
    """
    jobs = pd.DataFrame([_read(path) for path in files if path.exists()])
    if jobs.empty:
        raise ArtifactError(
            f"none of the {len(files)} benchmark files is there, the first of them {files[0]}: "
            "run the jobs again with --forceall."
        )
    table = jobs.groupby("rule", sort=False).agg(
        jobs=("s", "size"),
        wall_s=("s", "sum"),
        longest_s=("s", "max"),
        cpu_s=("cpu_time", "sum"),
        peak_memory_mb=("max_rss", "max"),
    )
    table = table.sort_values("wall_s", ascending=False).reset_index()
    total = {"rule": "total", "longest_s": table["longest_s"].max()}
    total |= {name: table[name].sum() for name in ("jobs", "wall_s", "cpu_s")}
    total |= {"peak_memory_mb": table["peak_memory_mb"].max()}
    table = pd.concat([table, pd.DataFrame([total])], ignore_index=True)
    table["share"] = table["wall_s"] / total["wall_s"]
    return table[list(COLUMNS)]


def _read(path: Path) -> dict[str, object]:
    table = pd.read_csv(path, sep="\t", na_values="-")
    if len(table) != 1 or not {"s", "max_rss", "cpu_time"} <= set(table.columns):
        raise ArtifactError(f"{path} is not a benchmark file of one job: delete it and run again.")
    numbers = {name: float(table[name].iloc[0]) for name in ("s", "max_rss", "cpu_time")}
    return {"rule": path.parent.name, **numbers}


def write_timings(files: Sequence[Path], csv: Path, markdown: Path) -> None:
    """Write the summary of ``files`` as numbers and as a page."""
    table = summarise_timings(files)
    with atomic_path(csv) as temporary:
        table.to_csv(temporary, index=False, float_format="%.4g")
    lines = [
        "| rule | jobs | wall s | share | longest s | CPU s | peak MB |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {row.rule} | {row.jobs} | {row.wall_s:.1f} | {row.share:.1%} | {row.longest_s:.1f} "
            f"| {row.cpu_s:.1f} | {row.peak_memory_mb:.0f} |"
            for row in table.itertuples()
        ),
        "",
        "Wall times of jobs that ran at the same time are added up; start of Python, imports and",
        "loading of weights are in them, Snakemake's own time is not. CPU s is what Snakemake saw",
        "of the processor time by looking now and then: a lower bound.",
        "",
    ]
    with atomic_path(markdown) as temporary:
        temporary.write_text("\n".join(lines), encoding="utf-8")
