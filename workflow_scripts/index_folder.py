"""Check a folder of clips and its labels whole, and list the clips (rule index_folder)."""

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        from pez.own_clips.index import index_folder
        from pez.own_clips.spec import FolderSpec

        index_folder(
            snakemake.wildcards.dataset,
            FolderSpec.model_validate(snakemake.params.folder),
            snakemake.output.index,
            run.threads,
        )
