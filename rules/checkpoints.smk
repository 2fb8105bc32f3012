"""Encoder weights: downloaded or found, converted once to encoder-only safetensors, or random."""


rule download_checkpoint:
    output:
        f"{OUT}/checkpoints/downloads/{{file}}",
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
        url=lambda wildcards: checkpoint_url(wildcards.file),
        code=code("download_checkpoint.py"),
    message:
        "Downloading {wildcards.file}"
    script:
        "../workflow_scripts/download_checkpoint.py"


rule fetch_from_hub:
    output:
        f"{OUT}/checkpoints/hub/{{model}}.json",
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
        weights=lambda wildcards: CONFIG.encoder(wildcards.model).weights.model_dump(mode="json"),
        code=code("fetch_from_hub.py"),
    message:
        "Weights of {wildcards.model} from the Hugging Face hub"
    script:
        "../workflow_scripts/fetch_from_hub.py"


rule convert_checkpoint:
    input:
        lambda wildcards: checkpoint_source(wildcards.model),
    output:
        f"{OUT}/checkpoints/{{model}}.safetensors",
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
        checkpoint=lambda wildcards: {
            "encoder": encoder_params(wildcards.model),
            "checkpoint_encoder": CONFIG.encoders.checkpoint_encoder,
        },
        code=lambda wildcards: model_code("convert_checkpoint.py", wildcards.model),
    message:
        "Converting the checkpoint of {wildcards.model}"
    script:
        "../workflow_scripts/convert_checkpoint.py"


rule permute_weights:
    input:
        weights=lambda wildcards: weights(CONFIG.encoder(wildcards.model).weights.of),
    output:
        f"{OUT}/checkpoints/{{model}}.safetensors",
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
        permutation=lambda wildcards: CONFIG.encoder(wildcards.model).weights.model_dump(),
        code=code("permute_weights.py"),
    message:
        "Weights of {wildcards.model}"
    script:
        "../workflow_scripts/permute_weights.py"


rule initialise_encoder:
    output:
        f"{OUT}/checkpoints/{{model}}.safetensors",
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
        encoder=lambda wildcards: encoder_params(wildcards.model),
        code=lambda wildcards: model_code("initialise_encoder.py", wildcards.model),
    message:
        "Random initialisation of {wildcards.model}"
    script:
        "../workflow_scripts/initialise_encoder.py"
