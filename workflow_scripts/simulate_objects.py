"""Simulate clips of several objects, write labels and where every object is (simulate_objects)."""

from pez.objects.simulate import write_tables
from pez.objects.spec import ObjectsSpec
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        write_tables(
            snakemake.wildcards.dataset,
            ObjectsSpec.model_validate(snakemake.params.objects),
            snakemake.output.labels,
            snakemake.output.objects,
        )
