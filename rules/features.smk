"""Residual-stream features: one forward pass writes every layer and every view.

One rule per model and dataset: the number of files a job writes depends on the model's depth and
on the views that the configured probes ask of the dataset, and Snakemake wants the outputs of a
rule spelled out.
"""


rule choose_precision:
    output:
        f"{OUT}/precision.json",
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
        code=code("choose_precision.py"),
    message:
        "Precision of this run"
    script:
        "../workflow_scripts/choose_precision.py"


for model in CONFIG.networks:
    for dataset in CONFIG.datasets():

        rule:
            name:
                f"extract_{model}_{dataset}"
            input:
                clips=lambda wildcards, dataset=dataset: clips_of_features(dataset, wildcards.shard),
                labels=clips_file(dataset, "labels.parquet"),
                weights=weights(model),
                precision=precision_file(),
            output:
                feature_files(model, dataset, "{shard}"),
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
                extraction={
                    "model": model,
                    "encoder": encoder_params(model),
                    "extraction": CONFIG.extraction.model_dump(
                        mode="json", exclude={"shards_per_job"}
                    ),
                },
                code=model_code("extract_features.py", model),
            message:
                f"Residual stream of {model} on {dataset}, shard {{wildcards.shard}}"
            script:
                "../workflow_scripts/extract_features.py"
