"""Probes: one job fits every layer, fold, selection and hyper-parameter of a probe at once."""


rule fit_probe:
    input:
        labels=lambda wildcards: asked(wildcards.fit).labels,
        features=lambda wildcards: ancient(
            features_in(
                wildcards.model, FITS[wildcards.fit].spec.dataset, fit_views(wildcards.fit)
            )
        ),
        weights=lambda wildcards: ancient(weights(wildcards.model)),
        notes=lambda wildcards: feature_notes(
            wildcards.model, FITS[wildcards.fit].spec.dataset, fit_views(wildcards.fit)
        ),
        stands=lambda wildcards: stands(
            fit_made(wildcards.model, wildcards.fit),
            note("fit_probe", f"{wildcards.model}.{wildcards.fit}"),
            probe_results(wildcards.model, wildcards.fit),
        ),
    output:
        results=f"{OUT}/probes/{{model}}/{{fit}}.parquet",
        predictions=f"{OUT}/probes/{{model}}/{{fit}}.predictions.parquet",
        note=note("fit_probe", "{model}.{fit}"),
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
        probe=lambda wildcards: values(fit_given(wildcards.model, wildcards.fit)),
        made=lambda wildcards: fit_made(wildcards.model, wildcards.fit),
    message:
        "Probe {wildcards.fit} on {wildcards.model}"
    script:
        "../workflow_scripts/fit_probe.py"
