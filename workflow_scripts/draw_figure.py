"""Draw a figure with its numbers and its verdict (rule draw_figure)."""

from pathlib import Path

from pez.controls.registry import variants
from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.reference import read_references
from pez.emergence.visibility import read_out_of_view
from pez.figures.draw import FigureFiles, draw_figure
from pez.figures.inputs import FigureInputs
from pez.figures.provenance import check_results
from pez.figures.spec import FigureStyle, read_figure
from pez.recipes.recipe import Recipe
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        files, given, output = snakemake.input, snakemake.params.drawing, snakemake.output
        results = [Path(path) for path in files.results]
        recipes = {name: Recipe.from_params(recipe) for name, recipe in given["recipes"].items()}
        controls = [
            variant
            for name, seeds in given["controls"].items()
            for variant in variants(name, seeds)
        ]
        check_results(results, recipes, controls)
        out_of_view = read_out_of_view(
            results, {name: recipe.fields() for name, recipe in recipes.items()}
        )
        inputs = FigureInputs(
            name=snakemake.wildcards.figure,
            style=FigureStyle.model_validate(given["style"]),
            results=results,
            recipes=recipes,
            protocols=given["protocols"],
            models={
                name: ModelFacts.model_validate(facts) for name, facts in given["models"].items()
            },
            controls=controls,
            clips=ClipsFacts.model_validate({**given["clips"], "out_of_view": out_of_view}),
            references=read_references(files.third_party, files.paper, files.recipes),
        )
        draw_figure(
            spec=read_figure(given["figure"]),
            inputs=inputs,
            files=FigureFiles(
                png=Path(output.png),
                svg=Path(output.svg),
                csv=Path(output.csv),
                verdict_md=Path(output.verdict_md),
                verdict_json=Path(output.verdict_json),
            ),
        )
