"""Download a published checkpoint (rule download_checkpoint)."""

from pez.encoders.download import download
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        download(snakemake.params.url, snakemake.output[0])
