"""Put the evidence of a sweep together: all networks and datasets (rule gather_sweep)."""

import pandas as pd

from pez.evidence.schema import check_evidence
from pez.runtime.job import job
from pez.runtime.tables import read_table, write_table

if __name__ == "__main__":
    with job(snakemake):
        tables = []
        for path in snakemake.input.evidence:
            tables.append(read_table(path))
            check_evidence(path, tables[-1])
        table = pd.concat(tables, ignore_index=True)
        write_table(snakemake.output.evidence, table, {"sweep": snakemake.wildcards.sweep})
