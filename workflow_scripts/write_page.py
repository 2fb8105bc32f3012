"""Write the page of all figures, their evidence and their provenance (rule write_page)."""

from pathlib import Path

import yaml

from pez.controls.registry import all_variants
from pez.page.audit import AuditFiles
from pez.page.gather import FigureSource, Sources, explorer_data, read_audit, read_figures
from pez.page.inside import read_inside
from pez.page.provenance import commit_of, networks, versions, wall_times
from pez.page.write import Page, write_page
from pez.recipes.recipe import Recipe, with_controls
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        files, given = snakemake.input, snakemake.params.page
        recipes = {name: Recipe.from_params(recipe) for name, recipe in given["recipes"].items()}
        drawn = zip(given["figures"].items(), files.pictures, files.verdicts, strict=True)
        shards = [Path(path) for path in files.get("clips", [])]
        sources = Sources(
            figures={
                name: FigureSource(one["title"], one["recipes"], Path(png), Path(verdict))
                for (name, one), png, verdict in drawn
            },
            results=[Path(path) for path in files.results],
            predictions=[Path(path) for path in files.predictions],
            recipes=with_controls(recipes, all_variants(given["controls"])),
            facts=given["models"],
            labels=dict(zip(given["datasets"], map(Path, files.labels), strict=True)),
            shards={
                name: [path for path in shards if path.parent.name == name]
                for name in given["datasets"]
            },
            audit=AuditFiles.of(files.get("audit", [])),
        )
        page = Page(
            title="Physics Emergence Zone",
            figures=read_figures(sources),
            data=explorer_data(sources),
            inside=read_inside(
                {
                    name: (Path(png), Path(verdict))
                    for name, png, verdict in zip(
                        given["inside"], files.inside, files.inside_verdicts, strict=True
                    )
                }
            ),
            audit=read_audit(sources.audit),
            commit=commit_of(),
            versions=versions(),
            networks=networks(sources.results, sources.facts),
            timings=wall_times([Path(path) for path in snakemake.params.benchmarks]),
            configuration=yaml.safe_dump(given["configuration"], sort_keys=False),
        )
        write_page(page, Path(snakemake.output.page))
