"""Residual-stream features: one forward pass writes every layer and every view.

One rule per model and dataset: the number of files a job writes depends on the model's depth and
on the views that the configured probes ask of the dataset, and Snakemake wants the outputs of a
rule spelled out.
"""


rule choose_precision:
    input:
        stands=lambda wildcards: stands(
            precision_made(), note("choose_precision", "run"), [f"{OUT}/precision.json"]
        ),
    output:
        f"{OUT}/precision.json",
        note=note("choose_precision", "run"),
    log:
        f"{OUT}/logs/choose_precision/run.log",
    benchmark:
        f"{OUT}/benchmarks/choose_precision/run.tsv"
    conda:
        "../envs/encoders.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=4000,
        runtime=10,
    params:
        made=lambda wildcards: precision_made(),
    message:
        "Precision of this run"
    script:
        "../workflow_scripts/choose_precision.py"


for model in CONFIG.networks:
    for dataset in SETS:

        rule:
            name:
                f"extract_{model}_{dataset}"
            input:
                clips=lambda wildcards, dataset=dataset: ancient(
                    clips_of_features(dataset, wildcards.shard)
                ),
                clip_notes=lambda wildcards, dataset=dataset: clip_notes(dataset, wildcards.shard),
                labels=SETS[dataset].clip_list,
                precision=precision_file(),
                weights=ancient(built_weights(model)),
                weights_note=weights_note(model),
                stands=lambda wildcards, model=model, dataset=dataset: stands(
                    extract_made(model, dataset),
                    note("extract_features", f"{model}.{dataset}.{wildcards.shard}"),
                    feature_files(model, dataset, wildcards.shard),
                ),
            output:
                features=feature_files(model, dataset, "{shard}"),
                note=note("extract_features", f"{model}.{dataset}.{{shard}}"),
            log:
                f"{OUT}/logs/extract_features/{model}.{dataset}.{{shard}}.log",
            benchmark:
                f"{OUT}/benchmarks/extract_features/{model}.{dataset}.{{shard}}.tsv"
            conda:
                "../envs/encoders.yaml"
            threads: 1
            resources:
                gpu=1,
                mem_mb=8000,
                runtime=60,
            params:
                extraction=values(extract_given(model)),
                # a function of the input, which Snakemake compares by the input alone: the place
                # of the checkout is not part of the provenance
                weights=lambda wildcards, input, model=model: weights(model),
                made=lambda wildcards, model=model, dataset=dataset: extract_made(model, dataset),
            message:
                f"Residual stream of {model} on {dataset}, shard {{wildcards.shard}}"
            script:
                "../workflow_scripts/extract_features.py"
