"""What a figure cost: a table over the benchmark files of the jobs behind it."""


rule summarise_timings:
    input:
        f"{OUT}/figures/{{figure}}.png",
    output:
        csv=f"{OUT}/figures/{{figure}}_timings.csv",
        markdown=f"{OUT}/figures/{{figure}}_timings.md",
    log:
        f"{OUT}/logs/summarise_timings/{{figure}}.log",
    benchmark:
        f"{OUT}/benchmarks/summarise_timings/{{figure}}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        benchmarks=lambda wildcards: figure_benchmarks(wildcards.figure),
        code=code("summarise_timings.py"),
    message:
        "Timings of the jobs behind {wildcards.figure}"
    script:
        "../workflow_scripts/summarise_timings.py"
