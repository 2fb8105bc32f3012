"""Measure what stands in the stored features of one network (rule measure_features)."""

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        # Only now: the job has chosen the number of threads that torch sees.
        from pez.inside.registry import find_inside_section
        from pez.inside.stored import measure_stored, open_stored

        files, given = snakemake.input, snakemake.params.measuring
        spec = find_inside_section(given["spec"]["kind"]).model_validate(given["spec"])
        stored = open_stored(
            list(files.labels),
            list(files.features),
            files.weights or None,
            spec,
            given["layers"],
            given["replaced"],
            run.device,
        )
        measure_stored(spec, stored, snakemake.output.table)
