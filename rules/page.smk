"""The page: all configured figures, their evidence to explore, and where it all comes from.

One file of HTML that asks no network for anything.
"""

PAGE = f"{OUT}/page.html"


rule write_page:
    input:
        pictures=[f"{OUT}/figures/{figure}.png" for figure in CONFIG.figures],
        verdicts=[f"{OUT}/figures/{figure}_verdict.json" for figure in CONFIG.figures],
        results=lambda wildcards: [probe_results(*fit)[0] for fit in page_fits()],
        predictions=lambda wildcards: [probe_results(*fit)[1] for fit in page_fits()],
        labels=lambda wildcards: [ready(dataset).labels for dataset in page_datasets()],
        clips=lambda wildcards: ancient(
            [file for dataset in page_datasets() for file in SETS[dataset].shard_files]
        ),
        clip_notes=lambda wildcards: [
            file for dataset in page_datasets() for file in clip_notes(dataset)
        ],
        inside=[f"{OUT}/figures/{figure}.png" for figure in page_inside()],
        inside_verdicts=[f"{OUT}/figures/{figure}_verdict.json" for figure in page_inside()],
        audit=lambda wildcards: page_audit_files(),
        stands=lambda wildcards: stands(page_made(), note("write_page", "page"), [PAGE]),
    output:
        page=report(
            PAGE,
            caption="captions/page.rst",
            category="Page",
            labels={"page": "figures, explorer, provenance"},
        ),
        note=note("write_page", "page"),
    log:
        f"{OUT}/logs/write_page/page.log",
    benchmark:
        f"{OUT}/benchmarks/write_page/page.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=20,
    params:
        page=lambda wildcards: values(page_given()),
        # a function of the input, which Snakemake compares by the input alone: what jobs took is
        # shown and is no part of the provenance
        benchmarks=lambda wildcards, input: page_benchmarks(),
        made=lambda wildcards: page_made(),
    message:
        "Writing the page"
    script:
        "../workflow_scripts/write_page.py"
