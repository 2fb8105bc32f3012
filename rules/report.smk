"""What a figure cost: a table over the benchmark files of the jobs behind it."""


rule summarise_timings:
    input:
        f"{OUT}/figures/{{figure}}.png",
        stands=lambda wildcards: stands(
            timings_made(wildcards.figure),
            note("summarise_timings", wildcards.figure),
            [f"{OUT}/figures/{wildcards.figure}_timings.{kind}" for kind in ("csv", "md")],
        ),
    output:
        csv=f"{OUT}/figures/{{figure}}_timings.csv",
        markdown=f"{OUT}/figures/{{figure}}_timings.md",
        note=note("summarise_timings", "{figure}"),
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
        made=lambda wildcards: timings_made(wildcards.figure),
    message:
        "Timings of the jobs behind {wildcards.figure}"
    script:
        "../workflow_scripts/summarise_timings.py"
