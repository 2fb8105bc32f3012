"""Figures: the verdict on their evidence, and the picture with what is drawn in it as a table."""

REFERENCES = {
    "third_party": "resources/reference/third_party.csv",
    "paper": "resources/reference/paper_readings.csv",
    "recipes": "resources/reference/third_party_recipes.csv",
}


rule judge_figure:
    input:
        third_party=shipped(REFERENCES["third_party"]),
        paper=shipped(REFERENCES["paper"]),
        recipes=shipped(REFERENCES["recipes"]),
        results=lambda wildcards: figure_probes(wildcards.figure),
        stands=lambda wildcards: stands(
            judge_made(wildcards.figure),
            note("judge_figure", wildcards.figure),
            judged_files(wildcards.figure),
        ),
    output:
        series=f"{OUT}/emergence/{{figure}}.parquet",
        verdict_md=f"{OUT}/figures/{{figure}}_verdict.md",
        verdict_json=f"{OUT}/figures/{{figure}}_verdict.json",
        note=note("judge_figure", "{figure}"),
    log:
        f"{OUT}/logs/judge_figure/{{figure}}.log",
    benchmark:
        f"{OUT}/benchmarks/judge_figure/{{figure}}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        judging=lambda wildcards: values(judge_given(wildcards.figure)),
        made=lambda wildcards: judge_made(wildcards.figure),
    message:
        "Judging {wildcards.figure}"
    script:
        "../workflow_scripts/judge_figure.py"


rule draw_figure:
    input:
        series=f"{OUT}/emergence/{{figure}}.parquet",
        verdict=f"{OUT}/figures/{{figure}}_verdict.json",
        stands=lambda wildcards: stands(
            draw_made(wildcards.figure),
            note("draw_figure", wildcards.figure),
            figure_files(wildcards.figure),
        ),
    output:
        png=report(
            f"{OUT}/figures/{{figure}}.png",
            caption="captions/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        svg=f"{OUT}/figures/{{figure}}.svg",
        pdf=f"{OUT}/figures/{{figure}}.pdf",
        csv=f"{OUT}/figures/{{figure}}.csv",
        note=note("draw_figure", "{figure}"),
    log:
        f"{OUT}/logs/draw_figure/{{figure}}.log",
    benchmark:
        f"{OUT}/benchmarks/draw_figure/{{figure}}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        drawing=lambda wildcards: values(draw_given(wildcards.figure)),
        made=lambda wildcards: draw_made(wildcards.figure),
    message:
        "Drawing {wildcards.figure}"
    script:
        "../workflow_scripts/draw_figure.py"
