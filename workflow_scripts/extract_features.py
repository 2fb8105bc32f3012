"""Extract residual-stream features of some clip shards (rule extract_features)."""

from pathlib import Path

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        # Only now: the job has chosen the number of threads that torch sees.
        from pez.clips.dataset import dataset_identity
        from pez.encoders.spec import EncoderSpec
        from pez.features.extract import extract_features, read_ahead
        from pez.features.params import extraction_of, replacement_of
        from pez.features.paths import parse_feature_path

        params, outputs = snakemake.params.extraction, list(snakemake.output.features)
        extraction = extraction_of(params, snakemake.input.precision)
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
            replaced=params.get("replaced"),
            replace_clips=replacement_of(params),
        )
