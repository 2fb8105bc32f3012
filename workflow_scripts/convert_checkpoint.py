"""Convert a published checkpoint to an encoder file (rule convert_checkpoint)."""

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        from pez.encoders.convert import convert_checkpoint
        from pez.encoders.spec import EncoderSpec

        params = snakemake.params.checkpoint
        convert_checkpoint(
            source=snakemake.input[0],
            spec=EncoderSpec.model_validate(params["encoder"]),
            which=params["checkpoint_encoder"],
            output=snakemake.output[0],
        )
