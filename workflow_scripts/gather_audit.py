"""Put the cells of all networks together: scores and estimands (rule gather_audit)."""

from pathlib import Path

from pez.audit.tables import estimands_of, gather, read_cells, scores_of
from pez.runtime.job import job
from pez.runtime.tables import write_table

if __name__ == "__main__":
    with job(snakemake):
        table = gather(read_cells(map(Path, snakemake.input.cells)))
        write_table(snakemake.output.scores, scores_of(table))
        write_table(snakemake.output.estimands, estimands_of(table))
