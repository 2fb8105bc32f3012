"""Pre-train the small embedded encoder on random scenes (rule pretrain_nano)."""

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        from pathlib import Path

        from pez.encoders.spec import EncoderSpec
        from pez.pretraining.launch import launch, leased_devices
        from pez.pretraining.progress import step_bar
        from pez.pretraining.spec import PretrainingSpec
        from pez.pretraining.train import Files

        given = snakemake.params.training
        spec = PretrainingSpec.model_validate(given["pretraining"])
        files = Files(
            encoder=Path(snakemake.output.encoder),
            log=Path(snakemake.output.log),
            state=Path(snakemake.params.state),
        )
        with step_bar(spec) as report:
            launch(
                EncoderSpec.model_validate(given["encoder"]),
                spec,
                run.device,
                leased_devices(run.device),
                files,
                report,
            )
