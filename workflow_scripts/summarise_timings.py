"""Sum up what the jobs behind a figure took (rule summarise_timings)."""

from pathlib import Path

from pez.runtime.job import job
from pez.runtime.timings import write_timings

if __name__ == "__main__":
    with job(snakemake):
        write_timings(
            [Path(path) for path in snakemake.params.benchmarks],
            Path(snakemake.output.csv),
            Path(snakemake.output.markdown),
        )
