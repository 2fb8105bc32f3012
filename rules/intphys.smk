"""Possible and impossible movies: generated or published, checked whole, cut into clips."""

INTPHYS = f"{OUT}/intphys/{{dataset}}"


rule render_intphys_mini:
    input:
        stands=lambda wildcards: stands(
            render_mini_made(wildcards.dataset),
            note(
                "render_intphys_mini",
                f"{wildcards.dataset}.{wildcards.block}.{wildcards.scene}",
            ),
            [f"{SETS[wildcards.dataset].root}/{wildcards.block}/{wildcards.scene}"],
        ),
    output:
        directory(f"{INTPHYS}/movies/{{block}}/{{scene}}"),
        note=note("render_intphys_mini", "{dataset}.{block}.{scene}"),
    log:
        f"{OUT}/logs/render_intphys_mini/{{dataset}}.{{block}}.{{scene}}.log",
    benchmark:
        f"{OUT}/benchmarks/render_intphys_mini/{{dataset}}.{{block}}.{{scene}}.tsv"
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
        mini=lambda wildcards: values(SETS[wildcards.dataset].mini),
        made=lambda wildcards: render_mini_made(wildcards.dataset),
    message:
        "Rendering scene {wildcards.scene} of {wildcards.block}, {wildcards.dataset}"
    script:
        "../workflow_scripts/render_intphys_mini.py"


rule index_intphys:
    input:
        movies=lambda wildcards: ancient(ready(wildcards.dataset).movie_files),
        notes=lambda wildcards: movie_notes(wildcards.dataset),
        stands=lambda wildcards: stands(
            index_made(wildcards.dataset),
            note("index_intphys", wildcards.dataset),
            [SETS[wildcards.dataset].file("index.parquet")],
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
for name in [name for name in THERE if SETS[name].clips_rule == "sample_intphys"]:

    rule:
        name:
            rule_of("sample_intphys", f"sample_{name}")
        input:
            index=SETS[name].file("index.parquet"),
            movies=lambda wildcards, name=name: ancient(ready(name).movie_files),
            notes=movie_notes(name),
            stands=lambda wildcards, name=name: stands(
                sample_made(name),
                note("sample_intphys", name),
                [SETS[name].labels, *SETS[name].shard_files],
            ),
        output:
            labels=SETS[name].labels,
            shards=SETS[name].shard_files,
            note=note("sample_intphys", name),
        log:
            f"{OUT}/logs/sample_intphys/{name}.log",
        benchmark:
            f"{OUT}/benchmarks/sample_intphys/{name}.tsv"
        conda:
            "../envs/clips.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=30,
        params:
            clips=values(sample_given(name)),
            made=lambda wildcards, name=name: sample_made(name),
        message:
            f"Clips of {name}"
        script:
            "../workflow_scripts/sample_intphys.py"


rule preview_intphys:
    input:
        index=f"{INTPHYS}/index.parquet",
        movies=lambda wildcards: ancient(ready(wildcards.dataset).movie_files),
        notes=lambda wildcards: movie_notes(wildcards.dataset),
        stands=lambda wildcards: stands(
            preview_intphys_made(wildcards.dataset),
            note("preview_intphys", wildcards.dataset),
            [SETS[wildcards.dataset].file(name) for name in ("contact_sheet.png", "preview.gif")],
        ),
    output:
        contact_sheet=report(
            f"{INTPHYS}/contact_sheet.png",
            caption="captions/contact_sheet.rst",
            category="Clips",
            labels={"dataset": "{dataset}"},
        ),
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
        root=lambda wildcards: SETS[wildcards.dataset].root,
        made=lambda wildcards: preview_intphys_made(wildcards.dataset),
    message:
        "Contact sheet and preview of {wildcards.dataset}"
    script:
        "../workflow_scripts/preview_intphys.py"
