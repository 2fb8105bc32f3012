"""Cut one shard of clips out of a folder of videos (rule decode_folder)."""

from pez.own_clips.decode import decode_shard
from pez.own_clips.spec import WindowSpec
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        params = snakemake.params.clips
        decode_shard(
            snakemake.wildcards.dataset,
            snakemake.params.root,
            WindowSpec.model_validate(params["window"]),
            params["shard_size"],
            int(snakemake.wildcards.shard),
            snakemake.input.index,
            snakemake.output.shard,
        )
