"""Simulate the balls, render them, and make pictures of the datasets for people to look at."""

CLIPS = f"{OUT}/clips/{CONFIG.clips.renderer}/{{dataset}}"


rule simulate_clips:
    message:
        "Physics of the {wildcards.dataset} clips"
    params:
        clips=lambda wildcards: {
            "dataset": CONFIG.clips.datasets[wildcards.dataset].model_dump(mode="json"),
            "scene": CONFIG.clips.scene.model_dump(mode="json"),
        },
        code=code("simulate_clips.py"),
    output:
        labels=f"{CLIPS}/labels.parquet",
        trajectories=f"{CLIPS}/trajectories.parquet",
    log:
        f"{OUT}/logs/simulate_clips/{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/simulate_clips/{{dataset}}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    conda:
        "../envs/clips.yaml"
    script:
        "../workflow_scripts/simulate_clips.py"


rule render_clips:
    message:
        "Rendering {wildcards.dataset}, shard {wildcards.shard}"
    params:
        clips=lambda wildcards: {
            "scene": CONFIG.clips.scene.model_dump(mode="json"),
            "render": CONFIG.clips.render.model_dump(mode="json"),
        },
        code=code("render_clips.py"),
    input:
        labels=f"{CLIPS}/labels.parquet",
        trajectories=f"{CLIPS}/trajectories.parquet",
    output:
        shard=f"{CLIPS}/shard_{{shard}}.safetensors",
    log:
        f"{OUT}/logs/render_clips/{{dataset}}.{{shard}}.log",
    benchmark:
        f"{OUT}/benchmarks/render_clips/{{dataset}}.{{shard}}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    conda:
        "../envs/clips.yaml"
    script:
        "../workflow_scripts/render_clips.py"


rule preview_clips:
    message:
        "Contact sheet and preview of {wildcards.dataset}"
    params:
        code=code("preview_clips.py"),
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
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    conda:
        "../envs/clips.yaml"
    script:
        "../workflow_scripts/preview_clips.py"
