"""Draw the contact sheet and the animated preview of a dataset (rule preview_clips)."""

from pez.clips.preview import preview_dataset
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        preview_dataset(
            snakemake.input.labels,
            snakemake.input.shards,
            snakemake.output.contact_sheet,
            snakemake.output.preview,
        )
