"""Render one shard of a dataset with Blender, through Kubric (rule render_clips)."""

from pez.clips.render import render_shard
from pez.clips.spec import RenderSpec, SceneSpec
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        render_shard(
            snakemake.wildcards.dataset,
            int(snakemake.wildcards.shard),
            SceneSpec.model_validate(snakemake.params.clips["scene"]),
            RenderSpec.model_validate(snakemake.params.clips["render"]),
            snakemake.input.trajectories,
            snakemake.output.shard,
            run.threads,
        )
