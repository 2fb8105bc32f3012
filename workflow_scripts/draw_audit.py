"""Draw one picture of the audit of one model (rule draw_audit)."""

from pez.figures.audit.registry import draw_picture
from pez.figures.audit.sheet import Made
from pez.figures.draw import FigureFiles
from pez.figures.spec import FigureStyle
from pez.runtime.job import job
from pez.runtime.tables import read_table

if __name__ == "__main__":
    with job(snakemake):
        given = snakemake.params.drawing
        draw_picture(
            snakemake.wildcards.picture,
            read_table(snakemake.input.table),
            Made(**given["made"]),
            FigureStyle.model_validate(given["style"]),
            FigureFiles.of(snakemake.output),
        )
