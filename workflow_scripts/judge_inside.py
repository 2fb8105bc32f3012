"""Judge what was measured inside networks: what a picture shows, and the verdict (judge_inside)."""

from pathlib import Path

from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.inside.judged import Facts, write_verdict
from pez.inside.registry import find_inside_section, judge
from pez.runtime.job import job
from pez.runtime.tables import write_table

if __name__ == "__main__":
    with job(snakemake):
        given, output = snakemake.params.judging, snakemake.output
        figure = snakemake.wildcards.inside_figure
        spec = find_inside_section(given["spec"]["kind"]).model_validate(given["spec"])
        facts = Facts(
            figure=figure,
            picture=spec.figures[figure],
            models={
                name: ModelFacts.model_validate(known) for name, known in given["models"].items()
            },
            origin=ClipsFacts.model_validate(given["frames"]).origin,
        )
        found = judge(spec, list(snakemake.input.tables), facts)
        known = {"figure": figure, "picture": facts.picture, "clips": found.verdict.clips}
        write_table(output.series, found.series, known)
        write_verdict(found.verdict, Path(output.verdict_md), Path(output.verdict_json))
