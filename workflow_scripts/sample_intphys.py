"""Cut clips out of IntPhys movies (rule sample_intphys)."""

from pez.intphys.sample import sample_movies
from pez.intphys.spec import SamplingSpec
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        params = snakemake.params.clips
        sample_movies(
            dataset=params["dataset"],
            root=params["root"],
            index=snakemake.input.index,
            sampling=SamplingSpec.model_validate(params["sampling"]),
            shard_size=params["shard_size"],
            labels=snakemake.output.labels,
            shards=list(snakemake.output.shards),
        )
