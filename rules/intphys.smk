"""Possible and impossible movies: generated or published, checked whole, cut into clips."""

INTPHYS = f"{OUT}/intphys/{{dataset}}"


rule render_intphys_mini:
    output:
        directory(f"{OUT}/intphys/intphys_mini/movies/{{block}}/{{scene}}"),
    log:
        f"{OUT}/logs/render_intphys_mini/{{block}}.{{scene}}.log",
    benchmark:
        f"{OUT}/benchmarks/render_intphys_mini/{{block}}.{{scene}}.tsv"
    wildcard_constraints:
        block=r"O\d",
        scene=r"\d{2}",
    conda:
        "../envs/clips.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        mini=CONFIG.intphys.mini.model_dump(mode="json", exclude={"scenes"}),
        code=code("render_intphys_mini.py"),
    message:
        "Rendering scene {wildcards.scene} of {wildcards.block}"
    script:
        "../workflow_scripts/render_intphys_mini.py"


rule index_intphys:
    input:
        lambda wildcards: movie_files(wildcards.dataset),
    output:
        f"{INTPHYS}/index.parquet",
    log:
        f"{OUT}/logs/index_intphys/{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/index_intphys/{{dataset}}.tsv"
    conda:
        "../envs/clips.yaml"
    threads: 2
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        movies=lambda wildcards: {
            "root": movies_root(wildcards.dataset),
            "scenes": CONFIG.intphys.scenes(wildcards.dataset),
            "frames": CONFIG.intphys.frames(wildcards.dataset),
        },
        code=code("index_intphys.py"),
    message:
        "Checking the movies of {wildcards.dataset}"
    script:
        "../workflow_scripts/index_intphys.py"


# One rule per dataset: the number of shards depends on it.
for dataset in CONFIG.intphys.datasets():

    rule:
        name:
            f"sample_{dataset}"
        input:
            index=clips_file(dataset, "index.parquet"),
            movies=lambda wildcards, dataset=dataset: movie_files(dataset),
        output:
            labels=clips_file(dataset, "labels.parquet"),
            shards=clip_shards(dataset),
        log:
            f"{OUT}/logs/sample_intphys/{dataset}.log",
        benchmark:
            f"{OUT}/benchmarks/sample_intphys/{dataset}.tsv"
        conda:
            "../envs/clips.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=30,
        params:
            clips={
                "dataset": dataset,
                "root": movies_root(dataset),
                "sampling": CONFIG.intphys.sampling.model_dump(mode="json"),
                "shard_size": CONFIG.intphys.shard_size,
            },
            code=code("sample_intphys.py"),
        message:
            f"Clips of {dataset}"
        script:
            "../workflow_scripts/sample_intphys.py"


rule preview_intphys:
    input:
        index=f"{INTPHYS}/index.parquet",
        movies=lambda wildcards: movie_files(wildcards.dataset),
    output:
        contact_sheet=report(f"{INTPHYS}/contact_sheet.png", category="Clips"),
        preview=f"{INTPHYS}/preview.gif",
    log:
        f"{OUT}/logs/preview_intphys/{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/preview_intphys/{{dataset}}.tsv"
    conda:
        "../envs/clips.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        root=lambda wildcards: movies_root(wildcards.dataset),
        code=code("preview_intphys.py"),
    message:
        "Contact sheet and preview of {wildcards.dataset}"
    script:
        "../workflow_scripts/preview_intphys.py"
