"""Probes: one job fits every layer, fold, selection and hyper-parameter of a probe at once."""


rule fit_probe:
    input:
        labels=lambda wildcards: clips_file(FITS[wildcards.fit].spec.dataset, "labels.parquet"),
        features=lambda wildcards: probe_features(wildcards.model, wildcards.fit),
        weights=lambda wildcards: ancient(weights(wildcards.model)),
    output:
        results=f"{OUT}/probes/{{model}}/{{fit}}.parquet",
        predictions=f"{OUT}/probes/{{model}}/{{fit}}.predictions.parquet",
    log:
        f"{OUT}/logs/fit_probe/{{model}}.{{fit}}.log",
    benchmark:
        f"{OUT}/benchmarks/fit_probe/{{model}}.{{fit}}.tsv"
    conda:
        "../envs/encoders.yaml"
    threads: lambda wildcards: probe_threads(wildcards.fit)
    resources:
        gpu=1,
        mem_mb=6000,
        runtime=60,
    params:
        probe=lambda wildcards: {
            "recipe": FITS[wildcards.fit].to_params(),
            "layers": CONFIG.encoder(wildcards.model).layers,
            "width": CONFIG.encoder(wildcards.model).hidden_size,
        },
        code=code("fit_probe.py"),
    message:
        "Probe {wildcards.fit} on {wildcards.model}"
    script:
        "../workflow_scripts/fit_probe.py"
