"""What a user asks for by name."""

TARGETS = {
    **{figure: f"{figure} with its controls and verdict" for figure in CONFIG.figures},
    "all": "every configured figure, and the clips' contact sheets and previews",
    "clips": "the rendered datasets, with a contact sheet and a preview of each",
}


localrules:
    targets,
    all,
    clips,


rule targets:
    default_target: True
    log:
        f"{OUT}/logs/targets.log",
    conda:
        "../envs/figures.yaml"
    params:
        lines=[f"{name:12} {what}" for name, what in TARGETS.items()],
    message:
        "Targets of this workflow"
    shell:
        r"printf '%s\n' {params.lines:q} 2> {log:q}"


rule all:
    input:
        [f"{OUT}/figures/{figure}.png" for figure in CONFIG.figures],
        [clips_file(dataset, "preview.gif") for dataset in CONFIG.clips.datasets],
    message:
        "Everything is built"


rule clips:
    input:
        [shard for dataset in CONFIG.clips.datasets for shard in clip_shards(dataset)],
        [clips_file(dataset, "preview.gif") for dataset in CONFIG.clips.datasets],
    message:
        "The clips are rendered"


for figure in CONFIG.figures:

    rule:
        name:
            figure
        input:
            f"{OUT}/figures/{figure}.png",
            f"{OUT}/figures/{figure}_verdict.md",
        message:
            f"{figure} is drawn: {OUT}/figures/{figure}.png"
