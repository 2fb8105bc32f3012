"""Decide once in which precision the run extracts features (rule choose_precision)."""

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        # Only now: the job has chosen the device that torch sees.
        from pez.encoders.precision import write_precision

        write_precision(snakemake.output[0], run.device)
