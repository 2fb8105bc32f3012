"""Make features without an encoder, of pixels or trajectories (rule replace_features)."""

from importlib import import_module

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        from pez.clips.dataset import dataset_identity
        from pez.features.replace import replace_by_frames, replace_by_trajectory

        params, files = snakemake.params.control, snakemake.input
        features = import_module(f"pez.controls.kinds.{params['control']}").features
        replace, source = replace_by_frames, files.source
        if params["reads"] == "positions":
            replace, source = replace_by_trajectory, files.source[0]
        replace(
            features,
            source,
            dataset_identity(files.labels, snakemake.wildcards.dataset),
            {"model": snakemake.wildcards.model, "replaced": params["replaced"]},
            snakemake.output[0],
        )
