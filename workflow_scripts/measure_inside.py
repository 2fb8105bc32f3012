"""Measure what goes on inside one network (rule measure_inside)."""

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        # Only now: the job has chosen the number of threads that torch sees.
        from pez.encoders.spec import EncoderSpec
        from pez.features.params import extraction_of, replacement_of
        from pez.inside.measure import measure_network
        from pez.inside.network import open_network
        from pez.inside.registry import find_inside_section
        from pez.runtime.tensor_file import checked_checksum

        files, params = snakemake.input, snakemake.params.inside
        checked_checksum(snakemake.params.weights)  # read while other jobs compute
        spec = find_inside_section(params["spec"]["kind"]).model_validate(params["spec"])
        network = open_network(
            clips=list(files.clips),
            labels=files.labels,
            checkpoint=snakemake.params.weights,
            model=params["model"],
            encoder_spec=EncoderSpec.model_validate(params["encoder"]),
            extraction=extraction_of(params, files.precision),
            spec=spec,
            device=run.device,
            replaced=params.get("replaced"),
            replace_clips=replacement_of(params),
            trajectories=next(iter(files.trajectories), None),
            scene=params.get("scene"),
            objects=next(iter(files.objects), None),
        )
        measure_network(spec, network, snakemake.output.table)
