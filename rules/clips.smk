"""Simulate the balls, render them, and make pictures of the datasets for people to look at."""

CLIPS = f"{OUT}/clips/{CONFIG.clips.renderer}/{{dataset}}"


rule simulate_clips:
    output:
        labels=f"{CLIPS}/labels.parquet",
        trajectories=f"{CLIPS}/trajectories.parquet",
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
        clips=lambda wildcards: {
            "dataset": CONFIG.clips.datasets[wildcards.dataset].model_dump(mode="json"),
            "scene": CONFIG.clips.scene.model_dump(mode="json"),
        },
        code=code("simulate_clips.py"),
    message:
        "Physics of the {wildcards.dataset} clips"
    script:
        "../workflow_scripts/simulate_clips.py"


rule render_clips:
    input:
        labels=f"{CLIPS}/labels.parquet",
        trajectories=f"{CLIPS}/trajectories.parquet",
    output:
        shard=f"{CLIPS}/shard_{{shard}}.safetensors",
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
        clips=lambda wildcards: {
            "scene": CONFIG.clips.scene.model_dump(mode="json"),
            "render": CONFIG.clips.render.model_dump(mode="json"),
        },
        code=code("render_clips.py"),
    message:
        "Rendering {wildcards.dataset}, shard {wildcards.shard}"
    script:
        "../workflow_scripts/render_clips.py"


rule preview_clips:
    input:
        labels=f"{CLIPS}/labels.parquet",
        shards=lambda wildcards: clip_shards(wildcards.dataset),
    output:
        contact_sheet=report(f"{CLIPS}/contact_sheet.png", category="Clips"),
        preview=f"{CLIPS}/preview.gif",
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
        code=code("preview_clips.py"),
    message:
        "Contact sheet and preview of {wildcards.dataset}"
    script:
        "../workflow_scripts/preview_clips.py"
