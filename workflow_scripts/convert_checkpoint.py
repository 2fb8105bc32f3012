"""Convert a published checkpoint to an encoder file (rule convert_checkpoint)."""

from pez.runtime.job import job
from pez.runtime.moments import moment

if __name__ == "__main__":
    with job(snakemake):
        from pez.encoders.convert import convert_checkpoint
        from pez.encoders.hub_pointer import read_pointer
        from pez.encoders.spec import EncoderSpec

        moment("imported")
        params = snakemake.params.checkpoint
        spec = EncoderSpec.model_validate(params["encoder"])
        source, published_as = snakemake.input[0], None
        if spec.weights.source == "hub":
            source, published_as = read_pointer(source)
        convert_checkpoint(
            source=source,
            spec=spec,
            which=params["checkpoint_encoder"],
            output=snakemake.output[0],
            published_as=published_as,
        )
