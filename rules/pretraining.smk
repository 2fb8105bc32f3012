"""Pre-training of the small encoder that is shipped with the project. No figure needs it."""

PRETRAINING = f"{OUT}/pretraining/{CONFIG.pretraining.model}"


rule pretrain_nano:
    input:
        stands=lambda wildcards: stands(
            pretrain_made(),
            note("pretrain_nano", CONFIG.pretraining.model),
            [f"{PRETRAINING}/encoder.safetensors", f"{PRETRAINING}/log.parquet"],
        ),
    output:
        encoder=f"{PRETRAINING}/encoder.safetensors",
        log=f"{PRETRAINING}/log.parquet",
        note=note("pretrain_nano", CONFIG.pretraining.model),
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
        training=lambda wildcards: values(pretrain_given()),
        # no output: Snakemake deletes the outputs of a killed job, and this is to resume from
        state=f"{PRETRAINING}/state.safetensors",
        made=lambda wildcards: pretrain_made(),
    message:
        f"Pre-training of {CONFIG.pretraining.model}"
    script:
        "../workflow_scripts/pretrain_nano.py"


rule draw_pretraining:
    input:
        log=ancient(f"{PRETRAINING}/log.parquet"),
        pretraining_note=note("pretrain_nano", CONFIG.pretraining.model),
        stands=lambda wildcards: stands(
            draw_pretraining_made(),
            note("draw_pretraining", CONFIG.pretraining.model),
            figure_files("pretraining"),
        ),
    output:
        png=report(f"{OUT}/figures/pretraining.png", category="Pre-training"),
        svg=f"{OUT}/figures/pretraining.svg",
        pdf=f"{OUT}/figures/pretraining.pdf",
        csv=f"{OUT}/figures/pretraining.csv",
        note=note("draw_pretraining", CONFIG.pretraining.model),
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
        style=values(CONFIG.figure_style),
        made=lambda wildcards: draw_pretraining_made(),
    message:
        "Drawing the pre-training"
    script:
        "../workflow_scripts/draw_pretraining.py"
