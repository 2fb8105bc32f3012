"""Judge what a figure shows: its curves, and the verdict on them (rule judge_figure)."""

from pathlib import Path

from pez.controls.registry import all_variants
from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.judge import judge_figure, read_figure_evidence
from pez.emergence.reference import read_references
from pez.recipes.recipe import Recipe
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        files, given, output = snakemake.input, snakemake.params.judging, snakemake.output
        evidence = read_figure_evidence(
            results=[Path(path) for path in files.results],
            figure=snakemake.wildcards.figure,
            title=given["title"],
            models=given["shown"],
            recipes={name: Recipe.from_params(recipe) for name, recipe in given["recipes"].items()},
            metrics=given["scores"],
            subsets=given["subsets"],
            controls=all_variants(given["controls"]),
            networks={
                name: ModelFacts.model_validate(facts) for name, facts in given["models"].items()
            },
        )
        judge_figure(
            kind=given["kind"],
            evidence=evidence,
            clips=ClipsFacts.model_validate(given["clips"]),
            references=read_references(files.third_party, files.paper, files.recipes),
            series=output.series,
            markdown=Path(output.verdict_md),
            json=Path(output.verdict_json),
        )
