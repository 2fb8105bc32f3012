"""Sweeps: thousands of recipes as a job for each network and dataset."""


rule fit_sweep:
    input:
        labels=lambda wildcards: ready(wildcards.dataset).labels,
        features=lambda wildcards: ancient(
            features_in(
                wildcards.model,
                wildcards.dataset,
                sweep_views(wildcards.sweep, wildcards.dataset),
            )
        ),
        weights=lambda wildcards: ancient(weights(wildcards.model)),
        notes=lambda wildcards: feature_notes(
            wildcards.model, wildcards.dataset, sweep_views(wildcards.sweep, wildcards.dataset)
        ),
        stands=lambda wildcards: stands(
            sweep_made(wildcards.sweep, wildcards.model, wildcards.dataset),
            note("fit_sweep", f"{wildcards.sweep}.{wildcards.model}.{wildcards.dataset}"),
            [sweep_file(wildcards.sweep, wildcards.model, wildcards.dataset)],
        ),
    output:
        evidence=sweep_file("{sweep}", "{model}", "{dataset}"),
        note=note("fit_sweep", "{sweep}.{model}.{dataset}"),
    log:
        f"{OUT}/logs/fit_sweep/{{sweep}}.{{model}}.{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/fit_sweep/{{sweep}}.{{model}}.{{dataset}}.tsv"
    conda:
        "../envs/encoders.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=6000,
        runtime=600,
    params:
        sweep=lambda wildcards: values(
            sweep_given(wildcards.sweep, wildcards.model, wildcards.dataset)
        ),
        # functions of the input, which Snakemake compares by the input alone: where cells are kept
        # and which names there are to choose from make no difference to what is measured
        cells=lambda wildcards, input: f"{OUT}/sweeps/cells",
        choices=lambda wildcards, input: sorted(CHOICES),
        made=lambda wildcards: sweep_made(wildcards.sweep, wildcards.model, wildcards.dataset),
    message:
        "Sweep {wildcards.sweep} on {wildcards.model}, {wildcards.dataset}"
    script:
        "../workflow_scripts/fit_sweep.py"


rule gather_sweep:
    input:
        evidence=lambda wildcards: [
            sweep_file(wildcards.sweep, *job) for job in CONFIG.sweep_jobs(wildcards.sweep)
        ],
        stands=lambda wildcards: stands(
            gather_sweep_made(wildcards.sweep),
            note("gather_sweep", wildcards.sweep),
            [f"{OUT}/sweeps/{wildcards.sweep}.parquet"],
        ),
    output:
        evidence=f"{OUT}/sweeps/{{sweep}}.parquet",
        note=note("gather_sweep", "{sweep}"),
    log:
        f"{OUT}/logs/gather_sweep/{{sweep}}.log",
    benchmark:
        f"{OUT}/benchmarks/gather_sweep/{{sweep}}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        made=lambda wildcards: gather_sweep_made(wildcards.sweep),
    message:
        "Evidence of sweep {wildcards.sweep}"
    script:
        "../workflow_scripts/gather_sweep.py"
