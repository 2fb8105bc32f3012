"""Check a set of IntPhys movies whole and list them (rule index_intphys)."""

from pez.intphys.index import index_movies
from pez.runtime.job import job
from pez.runtime.tables import write_table

if __name__ == "__main__":
    with job(snakemake) as run:
        params = snakemake.params.movies
        table = index_movies(params["root"], params["scenes"], params["frames"], run.threads)
        write_table(snakemake.output[0], table, {"dataset": snakemake.wildcards.dataset})
