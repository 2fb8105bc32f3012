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
    message:
        "Targets of this workflow"
    params:
        lines=[f"{name:12} {what}" for name, what in TARGETS.items()],
    log:
        f"{OUT}/logs/targets.log",
    conda:
        "../envs/figures.yaml"
    shell:
        r"printf '%s\n' {params.lines:q} 2> {log:q}"


rule all:
    message:
        "Everything is built"
    input:
        [f"{OUT}/figures/{figure}.png" for figure in CONFIG.figures],
        [clips_file(dataset, "preview.gif") for dataset in CONFIG.clips.datasets],


rule clips:
    message:
        "The clips are rendered"
    input:
        [shard for dataset in CONFIG.clips.datasets for shard in clip_shards(dataset)],
        [clips_file(dataset, "preview.gif") for dataset in CONFIG.clips.datasets],


for figure in CONFIG.figures:

    rule:
        name:
            figure
        message:
            f"{figure} is drawn: {OUT}/figures/{figure}.png"
        input:
            f"{OUT}/figures/{figure}.png",
            f"{OUT}/figures/{figure}_verdict.md",
