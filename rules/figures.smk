"""Figures: the picture, what is drawn in it as a table, and the verdict."""


rule draw_figure:
    message:
        "Drawing {wildcards.figure}"
    params:
        figure=lambda wildcards: figure_facts(wildcards.figure),
        style=CONFIG.figure_style.model_dump(mode="json"),
        code=code("draw_figure.py"),
    input:
        probes=lambda wildcards: figure_probes(wildcards.figure),
    output:
        png=report(f"{OUT}/figures/{{figure}}.png", category="Figures"),
        svg=f"{OUT}/figures/{{figure}}.svg",
        csv=f"{OUT}/figures/{{figure}}.csv",
        verdict=report(f"{OUT}/figures/{{figure}}_verdict.md", category="Figures"),
        verdict_json=f"{OUT}/figures/{{figure}}_verdict.json",
    log:
        f"{OUT}/logs/draw_figure/{{figure}}.log",
    benchmark:
        f"{OUT}/benchmarks/draw_figure/{{figure}}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    conda:
        "../envs/figures.yaml"
    script:
        "../workflow_scripts/draw_figure.py"
