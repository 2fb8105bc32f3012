"""Fit one probe to every layer of a model (rule fit_probe)."""

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        # Only now: the job has chosen the device and the number of threads that torch sees.
        from pez.clips.visibility import note_out_of_view
        from pez.probes.inputs import open_inputs
        from pez.probes.run import run_probe
        from pez.recipes.recipe import Recipe
        from pez.runtime.tables import write_table

        params, files = snakemake.params.probe, snakemake.input
        recipe = Recipe.from_params(params["recipe"])
        spec = recipe.spec
        inputs = open_inputs(
            files.labels,
            list(files.features),
            files.weights or None,
            spec.dataset,
            params["layers"],
            params.get("replaced"),
        )
        store = inputs.store
        results, predictions = run_probe(
            name=recipe.name,
            spec=spec,
            solver=recipe.solver,
            load_layer=lambda layer: store.features(layer, spec.capture, spec.pooling),
            layers=store.depth,
            labels=inputs.labels,
            device=run.device,
            threads=run.threads,
            width=params["width"],
            load_shards=lambda layer: store.pooled_shards(layer, spec.capture, spec.pooling),
            load_patches=lambda layer: store.patch_shards(layer, spec.capture, spec.pooling),
        )
        note_out_of_view(results, inputs.labels)
        identity = inputs.identity | {"recipe": params["recipe"]}
        write_table(snakemake.output.results, results, identity)
        write_table(snakemake.output.predictions, predictions, identity)
