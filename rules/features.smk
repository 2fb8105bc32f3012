"""Residual-stream features: one forward pass writes every layer and every view.

One rule per model and dataset: the number of files a job writes depends on the model's depth and
on the views that the configured probes ask of the dataset, and Snakemake wants the outputs of a
rule spelled out.

On a CPU a job takes one shard of clips, on a GPU, which starts for longer than it computes, all of
a dataset (EXTRACTION_SIZES). The files are the same, and so is what Snakemake records of them: a
job of either size has the same inputs, all clips of the dataset, and the same parameters.
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


rule replace_features:
    input:
        source=lambda wildcards: ancient(replace_source(wildcards.model, wildcards.dataset)),
        source_notes=lambda wildcards: replace_notes(wildcards.model, wildcards.dataset),
        labels=lambda wildcards: SETS[wildcards.dataset].labels,
        stands=lambda wildcards: stands(
            replace_made(wildcards.model, wildcards.dataset, wildcards.view),
            note("replace_features", f"{wildcards.model}.{wildcards.dataset}.{wildcards.view}"),
            stream_files(wildcards.model, wildcards.dataset, wildcards.view, "000"),
        ),
    output:
        f"{OUT}/features/{{model}}/{{dataset}}/{{view}}/stream_00.shard_000.safetensors",
        note=note("replace_features", "{model}.{dataset}.{view}"),
    log:
        f"{OUT}/logs/replace_features/{{model}}.{{dataset}}.{{view}}.log",
    benchmark:
        f"{OUT}/benchmarks/replace_features/{{model}}.{{dataset}}.{{view}}.tsv"
    wildcard_constraints:
        model=sources_with("features"),
        view="|".join(VIEWS),
    conda:
        "../envs/encoders.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        control=lambda wildcards: values(control_given(wildcards.model)),
        made=lambda wildcards: replace_made(wildcards.model, wildcards.dataset, wildcards.view),
    message:
        "{wildcards.model} of {wildcards.dataset} in place of a residual stream"
    script:
        "../workflow_scripts/replace_features.py"


# Every network, and the networks on clips that a control has replaced.
ENCODED = [name for name, source in CONFIG.sources.items() if source.network]

for model, dataset, size in product(ENCODED, THERE, EXTRACTION_SIZES):
    shards = shard_names(dataset) if size == WHOLE else ["{shard}"]

    rule:
        name:
            rule_of(
                "extract_features",
                f"extract_{model}_{dataset}" + ("_whole" if size == WHOLE else ""),
            )
        input:
            clips=ancient(SETS[dataset].shard_files),
            clip_notes=clip_notes(dataset),
            labels=SETS[dataset].clip_list,
            precision=precision_file(),
            weights=ancient(built_weights(model)),
            weights_note=weights_note(model),
            stands=lambda wildcards, model=model, dataset=dataset, shards=shards: stand_together(
                extract_made(model, dataset),
                {
                    feature_note(model, dataset, shard): feature_files(model, dataset, shard)
                    for shard in expand(shards, **wildcards)
                },
            ),
        output:
            features=[file for shard in shards for file in feature_files(model, dataset, shard)],
            note=[feature_note(model, dataset, shard) for shard in shards],
        log:
            f"{OUT}/logs/extract_features/{model}.{dataset}.{size}.log",
        benchmark:
            f"{OUT}/benchmarks/extract_features/{model}.{dataset}.{size}.tsv"
        conda:
            "../envs/encoders.yaml"
        threads: 1
        resources:
            gpu=1,
            mem_mb=8000,
            runtime=60,
        params:
            extraction=values(extract_given(model)),
            # a function of the input, which Snakemake compares by the input alone: the place of
            # the checkout is not part of the provenance
            weights=lambda wildcards, input, model=model: weights(model),
            made=lambda wildcards, model=model, dataset=dataset: extract_made(model, dataset),
        message:
            f"Residual stream of {model} on {dataset}, "
            + ("all shards" if size == WHOLE else "shard {wildcards.shard}")
        script:
            "../workflow_scripts/extract_features.py"
