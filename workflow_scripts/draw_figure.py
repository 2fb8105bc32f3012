"""Draw a figure with its numbers and its verdict (rule draw_figure)."""

from pathlib import Path

from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.reference import read_references
from pez.figures.draw import FigureFiles, draw_figure
from pez.figures.inputs import FigureInputs
from pez.figures.spec import FigureStyle, read_figure
from pez.probes.spec import read_probe
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        files, given, output = snakemake.input, snakemake.params.drawing, snakemake.output
        inputs = FigureInputs(
            name=snakemake.wildcards.figure,
            style=FigureStyle.model_validate(given["style"]),
            results=[Path(path) for path in files.results],
            probes={name: read_probe(probe) for name, probe in given["probes"].items()},
            models={
                name: ModelFacts.model_validate(facts) for name, facts in given["models"].items()
            },
            clips=ClipsFacts.model_validate(given["clips"]),
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
