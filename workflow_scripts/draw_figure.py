"""Draw a figure, with the numbers in it (rule draw_figure)."""

from pez.controls.registry import all_variants
from pez.emergence.facts import ModelFacts
from pez.figures.draw import FigureFiles, draw_figure
from pez.figures.inputs import FigureInputs, read_series, read_verdict
from pez.figures.registry import find_section
from pez.figures.spec import FigureStyle
from pez.recipes.recipe import Recipe
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        files, given = snakemake.input, snakemake.params.drawing
        figure = snakemake.wildcards.figure
        recipes = {name: Recipe.from_params(recipe) for name, recipe in given["recipes"].items()}
        inputs = FigureInputs(
            name=figure,
            style=FigureStyle.model_validate(given["style"]),
            series=read_series(files.series, figure, recipes),
            verdict=read_verdict(files.verdict, figure, recipes),
            recipes=recipes,
            protocols=given["protocols"],
            models={
                name: ModelFacts.model_validate(facts) for name, facts in given["models"].items()
            },
            controls=all_variants(given["controls"]),
        )
        draw_figure(
            kind=given["kind"],
            spec=find_section(given["kind"]).model_validate(given["figure"]),
            inputs=inputs,
            files=FigureFiles.of(snakemake.output),
        )
