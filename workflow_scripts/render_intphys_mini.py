"""Simulate, render and splice the four movies of a generated scene (rule render_intphys_mini)."""

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        from pez.intphys.mini_write import write_scene
        from pez.intphys.spec import MiniSpec

        write_scene(
            MiniSpec.model_validate(snakemake.params.mini),
            snakemake.wildcards.block,
            int(snakemake.wildcards.scene),
            snakemake.output[0],
            run.threads,
        )
