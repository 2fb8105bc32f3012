"""Datasets of balls: simulate them, render them, and make pictures for people to look at."""

CLIPS = f"{OUT}/clips/{CONFIG.clips.renderer}/{{dataset}}"


rule simulate_clips:
    input:
        stands=lambda wildcards: stands(
            simulate_made(wildcards.dataset),
            note("simulate_clips", wildcards.dataset),
            [
                SETS[wildcards.dataset].file(name)
                for name in ("labels.parquet", "trajectories.parquet")
            ],
        ),
    output:
        labels=f"{CLIPS}/labels.parquet",
        trajectories=f"{CLIPS}/trajectories.parquet",
        note=note("simulate_clips", "{dataset}"),
    log:
        f"{OUT}/logs/simulate_clips/{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/simulate_clips/{{dataset}}.tsv"
    conda:
        "../envs/clips.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        clips=lambda wildcards: values(simulate_given(wildcards.dataset)),
        made=lambda wildcards: simulate_made(wildcards.dataset),
    message:
        "Physics of the {wildcards.dataset} clips"
    script:
        "../workflow_scripts/simulate_clips.py"


rule render_clips:
    input:
        labels=f"{CLIPS}/labels.parquet",
        trajectories=ancient(f"{CLIPS}/trajectories.parquet"),
        stands=lambda wildcards: stands(
            render_made(wildcards.dataset),
            note("render_clips", f"{wildcards.dataset}.{wildcards.shard}"),
            [SETS[wildcards.dataset].file(f"shard_{wildcards.shard}.safetensors")],
        ),
    output:
        shard=f"{CLIPS}/shard_{{shard}}.safetensors",
        note=note("render_clips", "{dataset}.{shard}"),
    log:
        f"{OUT}/logs/render_clips/{{dataset}}.{{shard}}.log",
    benchmark:
        f"{OUT}/benchmarks/render_clips/{{dataset}}.{{shard}}.tsv"
    conda:
        "../envs/clips.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        clips=lambda wildcards: values(render_given(wildcards.dataset)),
        made=lambda wildcards: render_made(wildcards.dataset),
    message:
        "Rendering {wildcards.dataset}, shard {wildcards.shard}"
    script:
        "../workflow_scripts/render_clips.py"


rule preview_clips:
    input:
        labels=f"{CLIPS}/labels.parquet",
        shards=lambda wildcards: ancient(SETS[wildcards.dataset].shard_files),
        notes=lambda wildcards: clip_notes(wildcards.dataset),
        stands=lambda wildcards: stands(
            preview_made(wildcards.dataset),
            note("preview_clips", wildcards.dataset),
            [SETS[wildcards.dataset].file(name) for name in ("contact_sheet.png", "preview.gif")],
        ),
    output:
        contact_sheet=report(
            f"{CLIPS}/contact_sheet.png",
            caption="captions/contact_sheet.rst",
            category="Clips",
            labels={"dataset": "{dataset}"},
        ),
        preview=f"{CLIPS}/preview.gif",
        note=note("preview_clips", "{dataset}"),
    log:
        f"{OUT}/logs/preview_clips/{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/preview_clips/{{dataset}}.tsv"
    conda:
        "../envs/clips.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        made=lambda wildcards: preview_made(wildcards.dataset),
    message:
        "Contact sheet and preview of {wildcards.dataset}"
    script:
        "../workflow_scripts/preview_clips.py"
