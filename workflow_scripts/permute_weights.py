"""Write the weights of a model, permuted within each tensor (rule permute_weights)."""

from pathlib import Path

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        from pez.encoders.permute import permute_weights

        permute_weights(
            Path(snakemake.input.weights),
            snakemake.params.permutation,
            Path(snakemake.output[0]),
        )
