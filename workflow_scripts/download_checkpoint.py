"""Download a published checkpoint (rule download_checkpoint)."""

from pez.encoders.download import download
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        given = snakemake.params
        download(given.url, snakemake.output[0], given.record, given.sha256)
