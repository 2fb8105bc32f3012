"""Extract residual-stream features of some clip shards (rule extract_features)."""

from functools import partial
from importlib import import_module
from pathlib import Path

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        # Only now: the job has chosen the number of threads that torch sees.
        from pez.clips.dataset import dataset_identity
        from pez.encoders.precision import read_precision
        from pez.encoders.spec import EncoderSpec
        from pez.features.extract import extract_features, read_ahead
        from pez.features.paths import parse_feature_path
        from pez.features.spec import ExtractionSpec

        params, outputs = snakemake.params.extraction, list(snakemake.output.features)
        replaced, replace_clips = params.get("replaced"), None
        if replaced is not None:
            reorder = import_module(f"pez.controls.kinds.{params['control']}").reorder
            replace_clips = partial(reorder, seed=params["seed"])
        extraction = ExtractionSpec.model_validate(params["extraction"])
        if extraction.precision == "auto":
            decided = read_precision(snakemake.input.precision)
            extraction = ExtractionSpec.model_validate(
                {**params["extraction"], "precision": decided}
            )
        clips, weights = list(snakemake.input.clips), snakemake.params.weights
        dataset = dataset_identity(snakemake.input.labels, Path(outputs[0]).parents[1].name)
        read_ahead(clips, weights, parse_feature_path(outputs[0]).shard)
        extract_features(
            clips=clips,
            checkpoint=weights,
            model=params["model"],
            encoder_spec=EncoderSpec.model_validate(params["encoder"]),
            extraction=extraction,
            outputs=outputs,
            device=run.device,
            dataset=dataset,
            replaced=replaced,
            replace_clips=replace_clips,
        )
