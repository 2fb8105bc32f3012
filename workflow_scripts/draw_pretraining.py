"""Draw loss, target spread and learning rate of the pre-training (rule draw_pretraining)."""

from pathlib import Path

from pez.figures.draw import FigureFiles
from pez.figures.pretraining import draw_pretraining
from pez.figures.spec import FigureStyle
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        draw_pretraining(
            log=Path(snakemake.input.log),
            style=FigureStyle.model_validate(snakemake.params.style),
            files=FigureFiles.of(snakemake.output),
        )
