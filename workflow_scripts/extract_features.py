"""Extract residual-stream features of some clip shards (rule extract_features)."""

from functools import partial
from importlib import import_module
from pathlib import Path

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        # Only now: the job has chosen the device and the number of threads that torch sees.
        from pez.clips.dataset import dataset_identity
        from pez.encoders.precision import read_precision
        from pez.encoders.spec import EncoderSpec
        from pez.features.extract import extract_features
        from pez.features.spec import ExtractionSpec

        params = snakemake.params.extraction
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
        extract_features(
            clips=list(snakemake.input.clips),
            checkpoint=snakemake.params.weights,
            model=params["model"],
            encoder_spec=EncoderSpec.model_validate(params["encoder"]),
            extraction=extraction,
            outputs=list(snakemake.output.features),
            device=run.device,
            dataset=dataset_identity(
                snakemake.input.labels, Path(snakemake.output[0]).parents[1].name
            ),
            replaced=replaced,
            replace_clips=replace_clips,
        )
