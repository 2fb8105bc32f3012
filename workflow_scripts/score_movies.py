"""Score movies by the surprise of one network's predictors (rule score_movies)."""

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        # Only now: the job has chosen the number of threads that torch sees.
        from pez.encoders.spec import EncoderSpec
        from pez.features.params import extraction_of
        from pez.inside.kinds.layer_prediction import Section
        from pez.inside.movies import open_movies, score_movies
        from pez.runtime.tensor_file import checked_checksum

        files, given = snakemake.input, snakemake.params.scoring
        checked_checksum(snakemake.params.weights)  # read while other jobs compute
        spec = Section.model_validate(given["spec"])
        movies = open_movies(
            root=snakemake.params.root,
            labels=files.labels,
            predictors=files.predictors,
            checkpoint=snakemake.params.weights,
            model=given["model"],
            encoder_spec=EncoderSpec.model_validate(given["encoder"]),
            extraction=extraction_of(given, files.precision),
            spec=spec,
            device=run.device,
        )
        score_movies(spec, movies, snakemake.output.table)
