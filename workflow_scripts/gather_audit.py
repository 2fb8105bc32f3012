"""Put the cells of all networks together: scores and estimands (rule gather_audit)."""

from pez.audit.tables import estimands_of, gather, scores_of
from pez.runtime.job import job
from pez.runtime.tables import read_table, write_table

if __name__ == "__main__":
    with job(snakemake):
        table = gather(read_table(path) for path in snakemake.input.cells)
        write_table(snakemake.output.scores, scores_of(table))
        write_table(snakemake.output.estimands, estimands_of(table))
