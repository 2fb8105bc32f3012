"""Write the untrained weights of an encoder (rule initialise_encoder)."""

from pez.runtime.job import job
from pez.runtime.moments import moment

if __name__ == "__main__":
    with job(snakemake):
        from pez.encoders.initialise import write_initial_weights
        from pez.encoders.spec import EncoderSpec

        moment("imported")
        spec = EncoderSpec.model_validate(snakemake.params.encoder)
        write_initial_weights(spec, spec.weights.seed, snakemake.output[0])
