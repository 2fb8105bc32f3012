"""Draw the contact sheet and the animated preview of IntPhys movies (rule preview_intphys)."""

from pez.intphys.preview import preview_movies
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        preview_movies(
            snakemake.params.root,
            snakemake.input.index,
            snakemake.output.contact_sheet,
            snakemake.output.preview,
        )
