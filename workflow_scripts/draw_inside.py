"""Draw what was measured inside networks, with the numbers in it (rule draw_inside)."""

from pez.figures.draw import FigureFiles
from pez.figures.inside.draw import draw_inside
from pez.figures.spec import FigureStyle
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        given = snakemake.params.drawing
        draw_inside(
            snakemake.wildcards.inside_figure,
            given["picture"],
            snakemake.input.series,
            given["models"],
            FigureStyle.model_validate(given["style"]),
            FigureFiles.of(snakemake.output),
        )
