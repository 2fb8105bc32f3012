"""Fit one probe to every layer of a model (rule fit_probe)."""

from pathlib import Path

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        # Only now: the job has chosen the device and the number of threads that torch sees.
        from pez.clips.dataset import dataset_identity
        from pez.clips.visibility import note_out_of_view
        from pez.features.check import check_features
        from pez.features.paths import parse_feature_path
        from pez.features.store import FeatureStore
        from pez.probes.crossval import run_probe
        from pez.probes.recipes import Recipe
        from pez.runtime.tables import read_table, write_table
        from pez.runtime.tensor_file import known_checksum

        params = snakemake.params.probe
        recipe = Recipe.from_params(params["recipe"])
        spec = recipe.spec
        files = list(snakemake.input.features)
        store = FeatureStore(
            root=Path(files[0]).parents[1],
            layers=params["layers"],
            shards=1 + max(parse_feature_path(file).shard for file in files),
        )
        dataset = dataset_identity(snakemake.input.labels, spec.dataset)
        read = {"model": store.root.parent.name}
        read["weights_checksum"] = known_checksum(snakemake.input.weights)
        features = check_features(files, dataset.model_copy(update=read))
        labels = read_table(snakemake.input.labels, ["clip_id"])
        results, predictions = run_probe(
            name=recipe.name,
            spec=spec,
            solver=recipe.solver,
            load_layer=lambda layer: store.features(layer, spec.capture, spec.pooling),
            layers=params["layers"],
            labels=labels,
            device=run.device,
            threads=run.threads,
            width=params["width"],
            load_shards=lambda layer: store.pooled_shards(layer, spec.capture, spec.pooling),
            load_patches=lambda layer: store.patch_shards(layer, spec.capture, spec.pooling),
        )
        note_out_of_view(results, labels)
        identity = dataset.metadata() | features.metadata() | {"recipe": params["recipe"]}
        write_table(snakemake.output.results, results, identity)
        write_table(snakemake.output.predictions, predictions, identity)
