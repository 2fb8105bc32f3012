"""Clips of people's own: checked whole, labelled, cut into shards.

Neither the clips nor their labels are inputs: they count by their content, which is in the provenance.
"""

FOLDER = f"{OUT}/clips/folder/{{dataset}}"


rule index_folder:
    input:
        stands=lambda wildcards: stands(
            index_folder_made(wildcards.dataset),
            note("index_folder", wildcards.dataset),
            [SETS[wildcards.dataset].file("index.parquet")],
        ),
    output:
        index=f"{FOLDER}/index.parquet",
        note=note("index_folder", "{dataset}"),
    log:
        f"{OUT}/logs/index_folder/{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/index_folder/{{dataset}}.tsv"
    conda:
        "../envs/clips.yaml"
    threads: 2
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        # a function of the input, which Snakemake compares by the input alone: where the clips lie
        # and what their labels say is not part of the provenance
        folder=lambda wildcards, input: values(SETS[wildcards.dataset].spec),
        made=lambda wildcards: index_folder_made(wildcards.dataset),
    message:
        "Checking the clips of {wildcards.dataset}"
    script:
        "../workflow_scripts/index_folder.py"


rule label_folder:
    input:
        index=f"{FOLDER}/index.parquet",
        stands=lambda wildcards: stands(
            label_folder_made(wildcards.dataset),
            note("label_folder", wildcards.dataset),
            [SETS[wildcards.dataset].labels],
        ),
    output:
        labels=f"{FOLDER}/labels.parquet",
        note=note("label_folder", "{dataset}"),
    log:
        f"{OUT}/logs/label_folder/{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/label_folder/{{dataset}}.tsv"
    conda:
        "../envs/clips.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        folder=lambda wildcards, input: values(SETS[wildcards.dataset].spec),
        made=lambda wildcards: label_folder_made(wildcards.dataset),
    message:
        "Labels of {wildcards.dataset}"
    script:
        "../workflow_scripts/label_folder.py"


rule decode_folder:
    input:
        index=f"{FOLDER}/index.parquet",
        stands=lambda wildcards: stands(
            decode_folder_made(wildcards.dataset),
            note("decode_folder", f"{wildcards.dataset}.{wildcards.shard}"),
            [SETS[wildcards.dataset].file(f"shard_{wildcards.shard}.safetensors")],
        ),
    output:
        shard=f"{FOLDER}/shard_{{shard}}.safetensors",
        note=note("decode_folder", "{dataset}.{shard}"),
    log:
        f"{OUT}/logs/decode_folder/{{dataset}}.{{shard}}.log",
    benchmark:
        f"{OUT}/benchmarks/decode_folder/{{dataset}}.{{shard}}.tsv"
    conda:
        "../envs/clips.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        clips=lambda wildcards: values(decode_folder_given(wildcards.dataset)),
        root=lambda wildcards, input: SETS[wildcards.dataset].entry.root,
        made=lambda wildcards: decode_folder_made(wildcards.dataset),
    message:
        "Clips of {wildcards.dataset}, shard {wildcards.shard}"
    script:
        "../workflow_scripts/decode_folder.py"


rule preview_folder:
    input:
        labels=f"{FOLDER}/labels.parquet",
        shards=lambda wildcards: ancient(SETS[wildcards.dataset].shard_files),
        notes=lambda wildcards: clip_notes(wildcards.dataset),
        stands=lambda wildcards: stands(
            preview_folder_made(wildcards.dataset),
            note("preview_folder", wildcards.dataset),
            [SETS[wildcards.dataset].file(name) for name in ("contact_sheet.png", "preview.gif")],
        ),
    output:
        contact_sheet=report(
            f"{FOLDER}/contact_sheet.png",
            caption="captions/contact_sheet.rst",
            category="Clips",
            labels={"dataset": "{dataset}"},
        ),
        preview=f"{FOLDER}/preview.gif",
        note=note("preview_folder", "{dataset}"),
    log:
        f"{OUT}/logs/preview_folder/{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/preview_folder/{{dataset}}.tsv"
    conda:
        "../envs/clips.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        made=lambda wildcards: preview_folder_made(wildcards.dataset),
    message:
        "Contact sheet and preview of {wildcards.dataset}"
    script:
        "../workflow_scripts/preview_folder.py"
