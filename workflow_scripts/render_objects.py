"""Render one shard of a dataset of several objects with Blender (rule render_objects)."""

from pez.clips.spec import RenderSpec
from pez.objects.render import render_shard
from pez.objects.spec import ObjectsSpec
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        render_shard(
            snakemake.wildcards.dataset,
            int(snakemake.wildcards.shard),
            ObjectsSpec.model_validate(snakemake.params.clips["objects"]),
            RenderSpec.model_validate(snakemake.params.clips["render"]),
            snakemake.input.objects,
            snakemake.output.shard,
            run.threads,
        )
