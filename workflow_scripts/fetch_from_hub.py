"""Fetch published weights from the Hugging Face hub (rule fetch_from_hub)."""

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        from pez.encoders.hub import fetch_from_hub
        from pez.encoders.spec import HubWeights

        weights = HubWeights.model_validate(snakemake.params.weights)
        fetch_from_hub(weights, snakemake.output[0], snakemake.params.record)
