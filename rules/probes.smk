"""Probes: one job fits every layer, fold, selection and hyper-parameter of a probe at once."""


rule fit_probe:
    input:
        labels=lambda wildcards: clips_file(PROBES[wildcards.probe].dataset, "labels.parquet"),
        features=lambda wildcards: ancient(probe_features(wildcards.model, wildcards.probe)),
        notes=lambda wildcards: feature_notes(wildcards.model, PROBES[wildcards.probe].dataset),
        stands=lambda wildcards: stands(
            fit_made(wildcards.model, wildcards.probe),
            note("fit_probe", f"{wildcards.model}.{wildcards.probe}"),
            probe_results(wildcards.model, wildcards.probe),
        ),
    output:
        results=f"{OUT}/probes/{{model}}/{{probe}}.parquet",
        predictions=f"{OUT}/probes/{{model}}/{{probe}}.predictions.parquet",
        note=note("fit_probe", "{model}.{probe}"),
    log:
        f"{OUT}/logs/fit_probe/{{model}}.{{probe}}.log",
    benchmark:
        f"{OUT}/benchmarks/fit_probe/{{model}}.{{probe}}.tsv"
    conda:
        "../envs/encoders.yaml"
    threads: lambda wildcards: probe_threads(wildcards.probe)
    resources:
        gpu=1,
        mem_mb=6000,
        runtime=60,
    params:
        probe=lambda wildcards: values(fit_given(wildcards.model, wildcards.probe)),
        made=lambda wildcards: fit_made(wildcards.model, wildcards.probe),
    message:
        "Probe {wildcards.probe} on {wildcards.model}"
    script:
        "../workflow_scripts/fit_probe.py"
