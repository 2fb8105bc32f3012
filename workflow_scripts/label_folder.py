"""Write the labels of a folder of clips (rule label_folder)."""

from pez.own_clips.index import label_folder
from pez.own_clips.spec import FolderSpec
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        label_folder(
            snakemake.wildcards.dataset,
            FolderSpec.model_validate(snakemake.params.folder),
            snakemake.input.index,
            snakemake.output.labels,
        )
