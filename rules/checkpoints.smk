"""Encoder weights: downloaded or found, converted once to encoder-only safetensors, or random."""


# The nodes of a cluster often have no internet.
localrules:
    download_checkpoint,
    fetch_from_hub,


rule download_checkpoint:
    input:
        stands=lambda wildcards: stands(
            download_made(wildcards.file),
            note("download_checkpoint", wildcards.file),
            [f"{OUT}/checkpoints/downloads/{wildcards.file}"],
        ),
    output:
        f"{OUT}/checkpoints/downloads/{{file}}",
        note=note("download_checkpoint", "{file}"),
    log:
        f"{OUT}/logs/download_checkpoint/{{file}}.log",
    benchmark:
        f"{OUT}/benchmarks/download_checkpoint/{{file}}.tsv"
    conda:
        "../envs/encoders.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=240,
    params:
        url=lambda wildcards: downloaded(wildcards.file).url,
        sha256=lambda wildcards: downloaded(wildcards.file).sha256,
        record=f"{OUT}/checkpoints/sha256/{{file}}.txt",
        made=lambda wildcards: download_made(wildcards.file),
    message:
        "Downloading {wildcards.file}"
    script:
        "../workflow_scripts/download_checkpoint.py"


rule fetch_from_hub:
    input:
        stands=lambda wildcards: stands(
            fetch_made(wildcards.model),
            note("fetch_from_hub", wildcards.model),
            [f"{OUT}/checkpoints/hub/{wildcards.model}.json"],
        ),
    output:
        f"{OUT}/checkpoints/hub/{{model}}.json",
        note=note("fetch_from_hub", "{model}"),
    log:
        f"{OUT}/logs/fetch_from_hub/{{model}}.log",
    benchmark:
        f"{OUT}/benchmarks/fetch_from_hub/{{model}}.tsv"
    wildcard_constraints:
        model=models_with("hub"),
    conda:
        "../envs/encoders.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        weights=lambda wildcards: values(CONFIG.encoder(wildcards.model).weights),
        record=f"{OUT}/checkpoints/sha256/{{model}}.txt",
        made=lambda wildcards: fetch_made(wildcards.model),
    message:
        "Weights of {wildcards.model} from the Hugging Face hub"
    script:
        "../workflow_scripts/fetch_from_hub.py"


rule convert_checkpoint:
    input:
        lambda wildcards: ancient(checkpoint_source(wildcards.model)),
        notes=lambda wildcards: checkpoint_notes(wildcards.model),
        stands=lambda wildcards: stands(
            convert_made(wildcards.model),
            note("convert_checkpoint", wildcards.model),
            [built_weights(wildcards.model)],
        ),
    output:
        f"{OUT}/checkpoints/{{model}}.safetensors",
        note=note("convert_checkpoint", "{model}"),
    log:
        f"{OUT}/logs/convert_checkpoint/{{model}}.log",
    benchmark:
        f"{OUT}/benchmarks/convert_checkpoint/{{model}}.tsv"
    wildcard_constraints:
        model=models_with("checkpoint", "hub"),
    conda:
        "../envs/encoders.yaml"
    threads: 1
    resources:
        mem_mb=16000,
        runtime=30,
    params:
        checkpoint=lambda wildcards: values(convert_given(wildcards.model)),
        made=lambda wildcards: convert_made(wildcards.model),
    message:
        "Converting the checkpoint of {wildcards.model}"
    script:
        "../workflow_scripts/convert_checkpoint.py"


rule permute_weights:
    input:
        weights=lambda wildcards: ancient(built_weights(permuted_from(wildcards.model))),
        weights_note=lambda wildcards: weights_note(permuted_from(wildcards.model)),
        stands=lambda wildcards: stands(
            permute_made(wildcards.model),
            note("permute_weights", wildcards.model),
            [built_weights(wildcards.model)],
        ),
    output:
        f"{OUT}/checkpoints/{{model}}.safetensors",
        note=note("permute_weights", "{model}"),
    log:
        f"{OUT}/logs/permute_weights/{{model}}.log",
    benchmark:
        f"{OUT}/benchmarks/permute_weights/{{model}}.tsv"
    wildcard_constraints:
        model=models_with("permuted"),
    conda:
        "../envs/encoders.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=10,
    params:
        permutation=lambda wildcards: permute_given(wildcards.model),
        weights=lambda wildcards, input: weights(permuted_from(wildcards.model)),
        made=lambda wildcards: permute_made(wildcards.model),
    message:
        "Weights of {wildcards.model}"
    script:
        "../workflow_scripts/permute_weights.py"


rule initialise_encoder:
    input:
        stands=lambda wildcards: stands(
            initialise_made(wildcards.model),
            note("initialise_encoder", wildcards.model),
            [built_weights(wildcards.model)],
        ),
    output:
        f"{OUT}/checkpoints/{{model}}.safetensors",
        note=note("initialise_encoder", "{model}"),
    log:
        f"{OUT}/logs/initialise_encoder/{{model}}.log",
    benchmark:
        f"{OUT}/benchmarks/initialise_encoder/{{model}}.tsv"
    wildcard_constraints:
        model=models_with("random"),
    conda:
        "../envs/encoders.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=10,
    params:
        encoder=lambda wildcards: values(CONFIG.encoder(wildcards.model)),
        made=lambda wildcards: initialise_made(wildcards.model),
    message:
        "Random initialisation of {wildcards.model}"
    script:
        "../workflow_scripts/initialise_encoder.py"
