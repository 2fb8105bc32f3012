"""Train predictors on states of one frozen network (rule train_predictors)."""

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        # Only now: the job has chosen the number of threads that torch sees.
        from pez.encoders.ready import open_encoder
        from pez.encoders.spec import EncoderSpec
        from pez.features.params import extraction_of
        from pez.inside.kinds.layer_prediction import WINDOW_FRAMES, PredictorsSpec
        from pez.inside.prediction.files import write_predictors
        from pez.inside.prediction.frozen import freeze
        from pez.inside.prediction.train import train
        from pez.runtime.tensor_file import checked_checksum

        given, output = snakemake.params.training, snakemake.output
        checked_checksum(snakemake.params.weights)  # read while other jobs compute
        spec = PredictorsSpec.model_validate(given["predictors"])
        extraction = extraction_of(given, snakemake.input.precision)
        ready = open_encoder(
            snakemake.params.weights,
            given["model"],
            EncoderSpec.model_validate(given["encoder"]),
            WINDOW_FRAMES,
            run.device,
            extraction.preprocessing,
            extraction.precision,
        )
        trained = train(freeze(ready.encoder, ready.compute), spec)
        write_predictors(trained, spec, ready.metadata, output.predictors, output.log)
