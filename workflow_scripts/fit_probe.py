"""Fit one probe to every layer of a model (rule fit_probe)."""

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        # Only now: the job has chosen the device and the number of threads that torch sees.
        from pez.evidence.schema import Measured
        from pez.probes.inputs import open_inputs
        from pez.probes.measure import measure
        from pez.recipes.recipe import Recipe
        from pez.runtime.tables import write_table

        params, files = snakemake.params.probe, snakemake.input
        recipe = Recipe.from_params(params["recipe"])
        inputs = open_inputs(
            files.labels,
            list(files.features),
            files.weights or None,
            recipe.spec.dataset,
            params["layers"],
            params["replaced"],
        )
        evidence, predictions = measure(
            recipe=recipe,
            inputs=inputs,
            measured=Measured(snakemake.wildcards.model, **params["measured"]),
            width=params["width"],
            device=run.device,
            threads=run.threads,
        )
        identity = inputs.identity | {"recipe": params["recipe"]}
        write_table(snakemake.output.results, evidence, identity)
        write_table(snakemake.output.predictions, predictions, identity)
