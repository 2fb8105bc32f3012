"""The audit: every protocol at once on every network, and the claims judged in the primary cell."""


rule audit_network:
    input:
        labels=lambda wildcards: ready(wildcards.dataset).labels,
        features=lambda wildcards: ancient(
            features_in(wildcards.model, wildcards.dataset, AUDIT_VIEWS)
        ),
        weights=lambda wildcards: ancient(weights(wildcards.model)),
        notes=lambda wildcards: feature_notes(wildcards.model, wildcards.dataset, AUDIT_VIEWS),
        stands=lambda wildcards: stands(
            audit_network_made(wildcards.model, wildcards.dataset),
            note("audit_network", f"{wildcards.model}.{wildcards.dataset}"),
            audit_network_files(wildcards.model, wildcards.dataset),
        ),
    output:
        cells=f"{OUT}/audit/networks/{{model}}.{{dataset}}.parquet",
        primary=f"{OUT}/audit/networks/{{model}}.{{dataset}}.primary.safetensors",
        note=note("audit_network", "{model}.{dataset}"),
    log:
        f"{OUT}/logs/audit_network/{{model}}.{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/audit_network/{{model}}.{{dataset}}.tsv"
    conda:
        "../envs/encoders.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=6000,
        runtime=240,
    params:
        audit=lambda wildcards: values(audit_network_given(wildcards.model, wildcards.dataset)),
        # functions of the input, as in the rule fit_sweep
        cells=lambda wildcards, input: f"{OUT}/audit/cells/{wildcards.model}.{wildcards.dataset}",
        choices=lambda wildcards, input: sorted(CHOICES),
        made=lambda wildcards: audit_network_made(wildcards.model, wildcards.dataset),
    message:
        "Audit of {wildcards.model} on {wildcards.dataset}"
    script:
        "../workflow_scripts/audit_network.py"
