"""Possible and impossible movies: generated or published, checked whole, cut into clips."""

INTPHYS = f"{OUT}/intphys/{{dataset}}"


rule render_intphys_mini:
    input:
        stands=lambda wildcards: stands(
            render_mini_made(),
            note("render_intphys_mini", f"{wildcards.block}.{wildcards.scene}"),
            [f"{movies_root(MINI)}/{wildcards.block}/{wildcards.scene}"],
        ),
    output:
        directory(f"{OUT}/intphys/intphys_mini/movies/{{block}}/{{scene}}"),
        note=note("render_intphys_mini", "{block}.{scene}"),
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
        mini=values(render_mini_given()),
        made=lambda wildcards: render_mini_made(),
    message:
        "Rendering scene {wildcards.scene} of {wildcards.block}"
    script:
        "../workflow_scripts/render_intphys_mini.py"


rule index_intphys:
    input:
        movies=lambda wildcards: ancient(movie_files(wildcards.dataset)),
        notes=lambda wildcards: movie_notes(wildcards.dataset),
        stands=lambda wildcards: stands(
            index_made(wildcards.dataset),
            note("index_intphys", wildcards.dataset),
            [clips_file(wildcards.dataset, "index.parquet")],
        ),
    output:
        f"{INTPHYS}/index.parquet",
        note=note("index_intphys", "{dataset}"),
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
        movies=lambda wildcards: index_given(wildcards.dataset),
        made=lambda wildcards: index_made(wildcards.dataset),
    message:
        "Checking the movies of {wildcards.dataset}"
    script:
        "../workflow_scripts/index_intphys.py"


# One rule per dataset: the number of shards depends on it.
for dataset in CONFIG.intphys.datasets():

    rule:
        name:
            rule_of("sample_intphys", f"sample_{dataset}")
        input:
            index=clips_file(dataset, "index.parquet"),
            movies=lambda wildcards, dataset=dataset: ancient(movie_files(dataset)),
            notes=movie_notes(dataset),
            stands=lambda wildcards, dataset=dataset: stands(
                sample_made(dataset),
                note("sample_intphys", dataset),
                [clips_file(dataset, "labels.parquet"), *clip_shards(dataset)],
            ),
        output:
            labels=clips_file(dataset, "labels.parquet"),
            shards=clip_shards(dataset),
            note=note("sample_intphys", dataset),
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
            clips=values(sample_given(dataset)),
            made=lambda wildcards, dataset=dataset: sample_made(dataset),
        message:
            f"Clips of {dataset}"
        script:
            "../workflow_scripts/sample_intphys.py"


rule preview_intphys:
    input:
        index=f"{INTPHYS}/index.parquet",
        movies=lambda wildcards: ancient(movie_files(wildcards.dataset)),
        notes=lambda wildcards: movie_notes(wildcards.dataset),
        stands=lambda wildcards: stands(
            preview_intphys_made(wildcards.dataset),
            note("preview_intphys", wildcards.dataset),
            [clips_file(wildcards.dataset, name) for name in ("contact_sheet.png", "preview.gif")],
        ),
    output:
        contact_sheet=report(f"{INTPHYS}/contact_sheet.png", category="Clips"),
        preview=f"{INTPHYS}/preview.gif",
        note=note("preview_intphys", "{dataset}"),
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
        made=lambda wildcards: preview_intphys_made(wildcards.dataset),
    message:
        "Contact sheet and preview of {wildcards.dataset}"
    script:
        "../workflow_scripts/preview_intphys.py"
