"""Figures: the picture, what is drawn in it as a table, and the verdict."""


rule draw_figure:
    input:
        results=lambda wildcards: figure_probes(wildcards.figure),
        third_party=shipped("resources/reference/third_party.csv"),
        paper=shipped("resources/reference/paper_readings.csv"),
        recipes=shipped("resources/reference/third_party_recipes.csv"),
    output:
        png=report(f"{OUT}/figures/{{figure}}.png", category="Figures"),
        svg=f"{OUT}/figures/{{figure}}.svg",
        csv=f"{OUT}/figures/{{figure}}.csv",
        verdict_md=f"{OUT}/figures/{{figure}}_verdict.md",
        verdict_json=f"{OUT}/figures/{{figure}}_verdict.json",
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
        figure=lambda wildcards: CONFIG.figures[wildcards.figure].model_dump(mode="json"),
        style=CONFIG.figure_style.model_dump(mode="json"),
        recipes=lambda wildcards: figure_recipes(wildcards.figure),
        models=lambda wildcards: {
            "networks": figure_networks(wildcards.figure),
            "controls": figure_controls(wildcards.figure),
        },
        clips=lambda wildcards: clips_facts(wildcards.figure),
        code=code("draw_figure.py"),
    message:
        "Drawing {wildcards.figure}"
    script:
        "../workflow_scripts/draw_figure.py"
