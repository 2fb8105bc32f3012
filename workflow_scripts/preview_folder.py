"""Draw the contact sheet and the animated preview of a folder of clips (rule preview_folder)."""

from pez.own_clips.preview import preview_clips
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        preview_clips(
            snakemake.input.labels,
            snakemake.input.shards,
            snakemake.output.contact_sheet,
            snakemake.output.preview,
        )
