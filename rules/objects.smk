"""Clips of several objects: simulate them, render them, and make pictures to look at."""

OBJECTS = f"{OUT}/clips/objects/{{dataset}}"


rule simulate_objects:
    input:
        stands=lambda wildcards: stands(
            simulate_objects_made(wildcards.dataset),
            note("simulate_objects", wildcards.dataset),
            [SETS[wildcards.dataset].file(name) for name in ("labels.parquet", "objects.parquet")],
        ),
    output:
        labels=f"{OBJECTS}/labels.parquet",
        objects=f"{OBJECTS}/objects.parquet",
        note=note("simulate_objects", "{dataset}"),
    log:
        f"{OUT}/logs/simulate_objects/{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/simulate_objects/{{dataset}}.tsv"
    conda:
        "../envs/clips.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        objects=lambda wildcards: values(SETS[wildcards.dataset].design),
        made=lambda wildcards: simulate_objects_made(wildcards.dataset),
    message:
        "Physics of the {wildcards.dataset}"
    script:
        "../workflow_scripts/simulate_objects.py"


rule render_objects:
    input:
        labels=f"{OBJECTS}/labels.parquet",
        objects=ancient(f"{OBJECTS}/objects.parquet"),
        stands=lambda wildcards: stands(
            render_objects_made(wildcards.dataset),
            note("render_objects", f"{wildcards.dataset}.{wildcards.shard}"),
            [SETS[wildcards.dataset].file(f"shard_{wildcards.shard}.safetensors")],
        ),
    output:
        shard=f"{OBJECTS}/shard_{{shard}}.safetensors",
        note=note("render_objects", "{dataset}.{shard}"),
    log:
        f"{OUT}/logs/render_objects/{{dataset}}.{{shard}}.log",
    benchmark:
        f"{OUT}/benchmarks/render_objects/{{dataset}}.{{shard}}.tsv"
    conda:
        "../envs/clips.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        clips=lambda wildcards: values(render_objects_given(wildcards.dataset)),
        made=lambda wildcards: render_objects_made(wildcards.dataset),
    message:
        "Rendering {wildcards.dataset}, shard {wildcards.shard}"
    script:
        "../workflow_scripts/render_objects.py"


rule preview_objects:
    input:
        labels=f"{OBJECTS}/labels.parquet",
        shards=lambda wildcards: ancient(SETS[wildcards.dataset].shard_files),
        notes=lambda wildcards: clip_notes(wildcards.dataset),
        stands=lambda wildcards: stands(
            preview_folder_made(wildcards.dataset),
            note("preview_objects", wildcards.dataset),
            [SETS[wildcards.dataset].file(name) for name in ("contact_sheet.png", "preview.gif")],
        ),
    output:
        contact_sheet=report(
            f"{OBJECTS}/contact_sheet.png",
            caption="captions/contact_sheet.rst",
            category="Clips",
            labels={"dataset": "{dataset}"},
        ),
        preview=f"{OBJECTS}/preview.gif",
        note=note("preview_objects", "{dataset}"),
    log:
        f"{OUT}/logs/preview_objects/{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/preview_objects/{{dataset}}.tsv"
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
