"""Pre-training of the small encoder that is shipped with the project. No figure needs it."""

PRETRAINING = f"{OUT}/pretraining/{CONFIG.pretraining.model}"


rule pretrain_nano:
    output:
        encoder=f"{PRETRAINING}/encoder.safetensors",
        log=f"{PRETRAINING}/log.parquet",
    log:
        f"{OUT}/logs/pretrain_nano/{CONFIG.pretraining.model}.log",
    benchmark:
        f"{OUT}/benchmarks/pretrain_nano/{CONFIG.pretraining.model}.tsv"
    conda:
        "../envs/encoders.yaml"
    threads: 4
    resources:
        gpu=CONFIG.pretraining.gpus,
        mem_mb=16000,
        runtime=240,
    params:
        pretraining=CONFIG.pretraining.training(),
        # the architecture alone: which weights a figure's model reads is of no matter here
        encoder=CONFIG.encoders.models[CONFIG.pretraining.model].model_dump(
            exclude={"weights"}, exclude_defaults=True
        )
        | {"weights": {"source": "random"}},
        # no output: Snakemake deletes the outputs of a killed job, and this is to resume from
        state=f"{PRETRAINING}/state.safetensors",
        code=model_code("pretrain_nano.py", CONFIG.pretraining.model),
    message:
        f"Pre-training of {CONFIG.pretraining.model}"
    script:
        "../workflow_scripts/pretrain_nano.py"


rule draw_pretraining:
    input:
        log=f"{PRETRAINING}/log.parquet",
    output:
        png=report(f"{OUT}/figures/pretraining.png", category="Pre-training"),
        svg=f"{OUT}/figures/pretraining.svg",
        csv=f"{OUT}/figures/pretraining.csv",
    log:
        f"{OUT}/logs/draw_pretraining/{CONFIG.pretraining.model}.log",
    benchmark:
        f"{OUT}/benchmarks/draw_pretraining/{CONFIG.pretraining.model}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        style=CONFIG.figure_style.model_dump(mode="json"),
        code=code("draw_pretraining.py"),
    message:
        "Drawing the pre-training"
    script:
        "../workflow_scripts/draw_pretraining.py"
